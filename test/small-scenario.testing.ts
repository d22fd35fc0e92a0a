import { stringify } from "yaml";

type Phase = Readonly<Record<string, unknown>>;

/** Sections of a scenario file, in its own words; what is left out has its default. */
export interface ScenarioSections {
  readonly population: Readonly<Record<string, unknown>>;
  readonly phases: readonly Phase[];
  readonly thresholds?: readonly unknown[];
  readonly [section: string]: unknown;
}

/**
 * A scenario file for a test. The generator may be as late as it likes: a machine that runs tests is busy, and
 * a run must not be invalid for that.
 */
export function smallScenario(name: string, sections: ScenarioSections): string {
  const generator = { slipMsP99Max: 10_000 };
  return stringify({ schema: "provlab/scenario@1", name, generator, ...sections });
}

/** Devices ask for leases at this rate until all of them have one. */
export function connect(ratePerSecond: number): Phase {
  return {
    ...{ name: "connect", streams: [{ exchange: "discover", ratePerSecond }] },
    ...{ until: "all-bound", timeLimit: "90 s" },
  };
}

/** The same for whole boots: until all devices are on line. */
export function bootAll(ratePerSecond: number): Phase {
  return {
    ...{ name: "connect", streams: [{ exchange: "boot", ratePerSecond }] },
    ...{ until: "all-online", timeLimit: "90 s" },
  };
}

/** Devices renew their leases at this rate. */
export function renew(ratePerSecond: number, seconds: number): Phase {
  return {
    ...{ name: "renew", streams: [{ exchange: "renew", ratePerSecond }] },
    duration: `${seconds} s`,
  };
}

/** The power comes back: all devices boot anew, within a second. */
export const restore: Phase = {
  ...{ name: "restore", powerCycle: true, streams: [{ exchange: "boot", allWithin: "1 s" }] },
  ...{ until: "all-online", timeLimit: "90 s" },
};
