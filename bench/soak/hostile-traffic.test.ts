import { expect, test } from "vitest";
import { portsIn } from "./hostile-traffic.ts";

const line = (service: string, port: number): string =>
  `2026-12-03T05:00:00.000Z info  ${service}: serving on port ${port}\n`;

test("the ports are known once every service serves", () => {
  const early = line("dhcp", 20_000) + line("tftp", 40_001) + line("time", 40_002);
  expect(portsIn(early)).toBeUndefined();
  expect(portsIn(early + line("ntp", 40_003) + line("syslog", 40_004))).toEqual({
    ...{ dhcp: 20_000, tftp: 40_001, time: 40_002, ntp: 40_003, syslog: 40_004 },
  });
});
