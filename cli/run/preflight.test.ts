import { describe, expect, test } from "vitest";
import { defaultBootPolicy } from "../../simulator/boot/boot-policy.ts";
import type { FirstAnswers } from "../../simulator/preflight/edge/ask-services.ts";
import { silenceWords } from "./preflight.ts";

const plan = {
  servers: [{ address: 0x0a00_0001, port: 67 }],
  population: { cableModems: 1, mtas: 0, cpes: 0, smartMeters: 0, cmtsCount: 1 },
  boot: { policy: defaultBootPolicy, files: [], sharedSecret: undefined },
};
const modems = new Map([["cable-modem", true] as const]);

describe("what a silence means for a run", () => {
  test.each<readonly [string, FirstAnswers, fatal: readonly RegExp[], warnings: readonly RegExp[]]>(
    [
      ["everybody answers", { kinds: modems, silent: new Map() }, [], []],
      [
        "no DHCP server",
        { kinds: new Map([["cable-modem", false]]), silent: new Map() },
        [
          /^no DHCP server at 10\.0\.0\.1:67 offered an address to the first cable-modem that asked$/,
        ],
        [],
      ],
      [
        "a DHCP server that does not know the MTAs",
        { kinds: new Map([...modems, ["mta", false]]), silent: new Map() },
        [],
        [/offered an address to the first mta that asked$/],
      ],
      [
        "no file server, no clock for the meters",
        {
          kinds: modems,
          silent: new Map([...(["tftp", "ntp"] as const)].map((s) => [s, [0x0a00_0002]])),
        },
        [
          /^no TFTP server answered at 10\.0\.0\.2:69$/,
          /^no NTP server answered at 10\.0\.0\.2:123$/,
        ],
        [],
      ],
      [
        "no Time server, which modems do without",
        { kinds: modems, silent: new Map([["time", [0x0a00_0002, 0x0a00_0003]]]) },
        [],
        [/^no Time server answered at 10\.0\.0\.2:37, 10\.0\.0\.3:37: modems wait for it in vain/],
      ],
    ],
  )("%s", (_, answers, fatal, warnings) => {
    const words = silenceWords(plan, answers);
    expect(words.fatal).toEqual(fatal.map((each) => expect.stringMatching(each)));
    expect(words.warnings).toEqual(warnings.map((each) => expect.stringMatching(each)));
  });
});

test.each<readonly [string, servers: readonly number[], FirstAnswers["kinds"], RegExp]>([
  ["a server here", [0x7f00_0001], new Map([["cable-modem", false]]), /^is it serving there/],
  [
    "a server elsewhere, for devices of this machine",
    [0x0a00_0001],
    new Map([["cable-modem", false]]),
    /--set population\.addressBlock=10\.64\.0\.0\/10/,
  ],
  ["a server of DHCP alone", [0x7f00_0001], modems, /prov load/],
])("what to do about %s", (_, addresses, kinds, remedy) => {
  const servers = addresses.map((address) => ({ address, port: 67 }));
  const silent = new Map([["tftp", addresses] as const]);
  expect(silenceWords({ ...plan, servers }, { kinds, silent }).remedy).toMatch(remedy);
});
