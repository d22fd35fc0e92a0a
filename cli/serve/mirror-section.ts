import { basename, dirname } from "node:path";
import { z } from "zod";
import { duration } from "../../scenarios/yaml/schema-parts.ts";
import type { HaPlan } from "../../server/ha/edge/ha-plan.ts";
import type { MirrorFolder, MirrorPlan } from "../../server/mirror/mirror-plan.ts";
import type { DeviceFilesPlan } from "../../server/tftp/edge/device-files.ts";
import { fixedPort, shortName } from "./section-parts.ts";

/** `ha.mirror`: the files that both nodes have. */
export const mirrorSection = z
  .strictObject({
    port: fixedPort
      .optional()
      .describe("The TCP port of both ends; the number of the link's own port unless told."),
    interval: duration
      .prefault("2 s")
      .refine((ms) => ms >= 100 && ms <= 60_000, "must be 100 ms to 60 s")
      .describe("From one look at the other node to the next."),
    folders: z
      .record(shortName, z.string().min(1))
      .refine((folders) => Object.keys(folders).length > 0, "name a folder")
      .optional()
      .describe("Folders by a name that both nodes have; what TFTP serves unless told."),
  })
  .transform(({ port, interval, folders }) => ({ port, intervalMs: interval, folders }));

/** The part of the section tftp that the mirror needs. */
export interface MirroredTftp {
  readonly root: string;
  readonly deviceFiles?: Pick<DeviceFilesPlan, "registrations" | "templates"> | undefined;
}

/**
 * The plan that keeps the files of both nodes equal; undefined without `ha.mirror`. A string says why there can
 * be no such plan.
 */
export function mirrorPlanOf(
  { mirror, links, keyFile }: HaPlan,
  tftp: MirroredTftp | undefined,
): MirrorPlan | string | undefined {
  if (mirror === undefined) return undefined;
  const { port, intervalMs, folders: named } = mirror;
  const folders =
    named === undefined
      ? foldersOf(tftp)
      : Object.entries(named).map(([name, path]) => ({ name, path }));
  if (folders.length === 0) return "needs folders, or the section tftp whose root it mirrors";
  const ends = links.map(({ address, peerAddress, port: own }) => {
    return { address, peerAddress, port: port ?? own };
  });
  return { folders, links: ends, keyFile, intervalMs };
}

/** The root, and the sources of files for single devices. The secret is not mirrored: each node gets it by hand. */
function foldersOf(tftp: MirroredTftp | undefined): MirrorFolder[] {
  if (tftp === undefined) return [];
  const root = { name: "root", path: tftp.root };
  if (tftp.deviceFiles === undefined) return [root];
  const { registrations, templates } = tftp.deviceFiles;
  const folder = { path: dirname(registrations), only: basename(registrations) };
  return [root, { name: "registrations", ...folder }, { name: "templates", path: templates }];
}
