import { describe, expect, test } from "vitest";
import { formatFileProblem } from "../yaml/problems.ts";
import { type Scenario, scenarioBoots } from "./scenario.ts";
import { readScenario } from "./scenario-file.ts";

const head = `schema: provlab/scenario@1
name: chain
population: { cableModems: 10, mtas: 3, smartMeters: 2, cmtsCount: 2 }
`;

const chain = `${head}phases:
  - name: connect
    streams:
      - exchange: boot
        ratePerSecond: 5
    until: all-online
  - name: storm
    streams:
      - exchange: download
        allWithin: 5 s
    duration: 10 s
thresholds:
  - connect.boot.latencyMs.p99 < 10
`;

function scenarioOf(text: string): Scenario {
  const reading = readScenario("x.yaml", text);
  if (reading.kind === "ok") return reading.scenario;
  return expect.unreachable(reading.problems.map(formatFileProblem).join("\n"));
}

function problemsOf(text: string): string[] {
  const reading = readScenario("x.yaml", text);
  return reading.kind === "ok" ? [] : reading.problems.map(formatFileProblem);
}

interface Phase {
  readonly exchanges: readonly string[];
  readonly end: string;
  readonly powerCycle?: boolean;
}

/** Phases p0, p1 and so on, four lines each and two for a stream. */
function withPhases(...phases: readonly Phase[]): string {
  const lines = phases.flatMap(({ exchanges, end, powerCycle = false }, index) => [
    `  - name: p${index}`,
    `    powerCycle: ${powerCycle}`,
    `    ${end}`,
    "    streams:",
    ...exchanges.map((exchange) => `      - { exchange: ${exchange}, ratePerSecond: 1 }`),
  ]);
  return `${head}phases:\n${lines.join("\n")}\n`;
}

test("without the sections the chain has the habits of real devices", () => {
  const { boot, network, phases } = scenarioOf(chain);
  expect(boot).toEqual({
    tftp: {
      blockBytes: 1428,
      windowBlocks: 1,
      timeoutSeconds: undefined,
      firstRetryMs: 1000,
      maxRetryMs: 16_000,
      triesMax: 16,
      roundsMax: 3,
    },
    cmts: { rangingPerSecond: undefined, registrationPerSecond: undefined },
    reboot: { firstDelayMs: 5000, maxDelayMs: 60_000, bootsMax: 5 },
    files: { meterImageBytes: 65_536 },
  });
  expect(network).toEqual({ lossPercent: 0 });
  expect(phases.map(({ until }) => until)).toEqual(["all-online", { durationMs: 10_000 }]);
});

test("every value of the sections arrives", () => {
  const { boot, network } = scenarioOf(`${chain}boot:
  tftp:
    { blockBytes: 512, windowBlocks: 8, timeoutSeconds: 2, firstRetry: 500 ms, maxRetry: 4 s,
      triesMax: 7, roundsMax: 2 }
  cmts: { rangingPerSecond: 20, registrationPerSecond: 2.5 }
  reboot: { firstDelay: 1 s, maxDelay: 3 s, bootsMax: 9 }
  files: { meterImageBytes: 1024 }
network: { lossPercent: 2.5 }
`);
  expect(boot).toEqual({
    tftp: {
      blockBytes: 512,
      windowBlocks: 8,
      timeoutSeconds: 2,
      firstRetryMs: 500,
      maxRetryMs: 4000,
      triesMax: 7,
      roundsMax: 2,
    },
    cmts: { rangingPerSecond: 20, registrationPerSecond: 2.5 },
    reboot: { firstDelayMs: 1000, maxDelayMs: 3000, bootsMax: 9 },
    files: { meterImageBytes: 1024 },
  });
  expect(network).toEqual({ lossPercent: 2.5 });
});

describe("scenarioBoots", () => {
  test.each([
    [["boot"], true],
    [["discover", "boot"], true],
    [["discover"], false],
  ] as const)("%j: %s", (exchanges, expected) => {
    const text = withPhases({ exchanges, end: "duration: 1 s" });
    expect(scenarioBoots(scenarioOf(text))).toBe(expected);
  });
  test("a scenario of DHCP alone may still say how devices would boot", () => {
    const text = withPhases({ exchanges: ["discover"], end: "until: all-bound" });
    expect(scenarioBoots(scenarioOf(`${text}boot: { tftp: { blockBytes: 512 } }\n`))).toBe(false);
  });
});

const online: Phase = { exchanges: ["boot"], end: "until: all-online" };
const bound: Phase = { exchanges: ["discover"], end: "until: all-bound" };
const second = { end: "duration: 1 s" };

describe("what phases may be", () => {
  const valid: readonly (readonly [string, readonly Phase[]])[] = [
    ["boots and discovers at once", [{ exchanges: ["boot", "discover"], ...second }]],
    ["all bound, by boots", [{ exchanges: ["boot"], end: "until: all-bound" }]],
    ["downloads beside renewals", [online, { exchanges: ["download", "renew"], ...second }]],
    [
      "downloads, while others boot",
      [online, { exchanges: ["boot", "download"], end: "until: all-online", powerCycle: true }],
    ],
    ["a power cut", [online, { ...online, powerCycle: true }]],
    ["a power cut after leases alone", [bound, { ...online, powerCycle: true }]],
    ["the rest of the boots", [{ exchanges: ["boot"], ...second }, online]],
  ];
  test.each(valid)("%s", (_name, phases) => {
    expect(problemsOf(withPhases(...phases))).toEqual([]);
  });

  const invalid: readonly (readonly [string, readonly Phase[], string])[] = [
    [
      "all on line, but nobody boots",
      [{ exchanges: ["discover"], end: "until: all-online" }],
      "x.yaml:7: phases[0].until is all-online, but no stream of the phase boots a device\n" +
        "  hint: `exchange: boot` instead of discover, or `until: all-bound`",
    ],
    [
      "all on line, but they are it already",
      [online, { exchanges: ["renew"], end: "until: all-online" }],
      "x.yaml:12: phases[1].until is all-online, but no stream of the phase boots a device\n" +
        "  hint: say how long: `duration: 20 s`",
    ],
    [
      "all on line, but some only discover",
      [{ exchanges: ["boot", "discover"], end: "until: all-online" }],
      "x.yaml:10: phases[0].streams[1].exchange takes devices that stay without their boot, " +
        "so they are never all on line\n" +
        "  hint: leave the stream out, or say how long: `duration: 20 s`",
    ],
    [
      "all on line, but some hold a lease and do not boot",
      [bound, online],
      "x.yaml:12: phases[1].until is all-online, but the devices that hold a lease since phase p0 " +
        "do not boot again\n  hint: `powerCycle: true`",
    ],
    [
      "all on line a second time",
      [online, online],
      "x.yaml:12: phases[1].until is all-online, but the devices that hold a lease since phase p0 " +
        "do not boot again\n  hint: `powerCycle: true`",
    ],
    [
      "all bound, but nobody asks for a lease",
      [online, { exchanges: ["download"], end: "until: all-bound" }],
      "x.yaml:12: phases[1].until is all-bound, but no stream of the phase gives a device its lease\n" +
        "  hint: say how long: `duration: 20 s`",
    ],
    [
      "downloads of nobody",
      [bound, { exchanges: ["download"], ...second }],
      "x.yaml:14: phases[1].streams[0].exchange needs devices that are on line when the phase " +
        "begins, and no earlier phase boots any\n" +
        "  hint: before it, a phase with `exchange: boot` and `until: all-online`",
    ],
    [
      "no end",
      [{ exchanges: ["boot"], end: "drain: 5 s" }],
      "x.yaml:5: phases[0] needs exactly one of `duration: 20 s` and `until: all-online`",
    ],
    [
      "two boot streams",
      [{ exchanges: ["boot", "boot"], end: "until: all-online" }],
      "x.yaml:10: phases[0].streams[1] is the phase's second boot stream: join the two\n" +
        "  hint: or give one of them another name: `name: second`",
    ],
  ];
  test.each(invalid)("%s", (_name, phases, expected) => {
    expect(problemsOf(withPhases(...phases))).toEqual([expected]);
  });
});

describe("mistakes in the sections are told with line and path", () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["a small block", "boot: { tftp: { blockBytes: 7 } }", /:17: boot\.tftp\.blockBytes is 7: .*8/],
    [
      "a block that is too long for a frame",
      "boot: { tftp: { blockBytes: 1469 } }",
      /:17: boot\.tftp\.blockBytes is 1469: .*1468/,
    ],
    ["no window", "boot: { tftp: { windowBlocks: 0 } }", /boot\.tftp\.windowBlocks is 0: .*1/],
    ["a wide window", "boot: { tftp: { windowBlocks: 65 } }", /windowBlocks is 65: .*64/],
    ["no time-out", "boot: { tftp: { timeoutSeconds: 0 } }", /timeoutSeconds is 0: .*1/],
    ["a long time-out", "boot: { tftp: { timeoutSeconds: 256 } }", /timeoutSeconds is 256: .*255/],
    ["no tries", "boot: { tftp: { triesMax: 0 } }", /triesMax is 0: /],
    ["no rounds", "boot: { tftp: { roundsMax: 0 } }", /roundsMax is 0: /],
    [
      "a slip",
      "boot: { tftp: { blokBytes: 8 } }",
      /blokBytes is not known .*\n.*mean blockBytes\?/,
    ],
    [
      "a slip in a slip's place",
      "boot: { ftp: {} }",
      /:17: boot\.ftp is not known here\n {2}hint: did you mean tftp\?/,
    ],
    [
      "no wait",
      "boot:\n  tftp:\n    firstRetry: 0 s",
      /:19: boot\.tftp\.firstRetry is no wait: write a duration of 1 ms or more/,
    ],
    [
      "waits that shrink",
      "boot:\n  tftp:\n    maxRetry: 500 ms",
      /:19: boot\.tftp\.maxRetry is shorter than firstRetry, which is 1 s/,
    ],
    [
      "pauses that shrink",
      "boot:\n  reboot:\n    firstDelay: 2 min",
      /boot\.reboot\.maxDelay is shorter than firstDelay, which is 2 min/,
    ],
    [
      "a number of seconds",
      "boot: { tftp: { firstRetry: 1 } }",
      /firstRetry is 1: it needs a unit, such as 1 s/,
    ],
    ["no boot at all", "boot: { reboot: { bootsMax: 0 } }", /boot\.reboot\.bootsMax is 0: /],
    ["a CMTS at rest", "boot: { cmts: { rangingPerSecond: 0 } }", /cmts\.rangingPerSecond is 0: /],
    [
      "an endless CMTS",
      "boot: { cmts: { registrationPerSecond: .inf } }",
      /cmts\.registrationPerSecond must be/,
    ],
    [
      "a tiny image",
      "boot: { files: { meterImageBytes: 1023 } }",
      /meterImageBytes is 1023: .*1024/,
    ],
    [
      "a huge image",
      "boot: { files: { meterImageBytes: 16777217 } }",
      /meterImageBytes is 16777217: .*16777216/,
    ],
    ["a negative loss", "network: { lossPercent: -1 }", /:17: network\.lossPercent is -1: .*0/],
    ["a dead network", "network: { lossPercent: 51 }", /:17: network\.lossPercent is 51: .*50/],
    ["a slip in the network", "network: { loss: 5 }", /network\.loss is not known here/],
  ];
  test.each(cases)("%s", (_name, section, expected) => {
    expect(problemsOf(`${chain}${section}\n`).join("\n")).toMatch(expected);
  });

  test("an exchange that is none", () => {
    const text = chain.replace("exchange: boot", "exchange: bot");
    expect(problemsOf(text)[0]).toMatch(
      /x\.yaml:7: .*exchange must be one of .*boot, download, not "bot"\n {2}hint: did you mean boot\?/,
    );
  });
  test("a goal that is none", () => {
    const text = chain.replace("all-online", "all-onlin");
    expect(problemsOf(text)[0]).toMatch(/x\.yaml:9: .*hint: did you mean all-online\?/s);
  });
});
