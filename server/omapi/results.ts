/** Results of OMAPI's operations (isc/result.h and omapip/result.h of ISC dhcpd 4.4.3-P1). */
export const OmapiResult = {
  success: 0,
  noPermission: 6,
  exists: 18,
  notFound: 23,
  notImplemented: 27,
  invalidArgument: 0x60003,
  keyConflict: 0x60007,
  parseError: 0x60008,
  noKeys: 0x60009,
  invalidKey: 0x6000b,
  unknownAttribute: 0x60020,
} as const;
