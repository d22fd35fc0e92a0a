/** Whether a test plays its whole campaign: `npm run campaign:kill` and the like, not `npm run test:system`. */
export const isCampaign = process.env["PROVLAB_CAMPAIGN"] !== undefined;
