import { streamNameOf } from "../../scenarios/language/phase-plan.ts";
import type { NetworkDirectionResult, PersonaResult, RunResult } from "../result/run-result.ts";
import { formatCount, formatRate } from "./format.ts";

/** The findings of each stream that looked for the rate at which the server breaks. */
export function breakageLines({ phases }: Pick<RunResult, "phases">): string[] {
  return phases.flatMap((phase) =>
    phase.streams.flatMap((stream) => {
      if (stream.breakage === undefined) return [];
      const { lastKeptPerSecond, firstMissedPerSecond, reason } = stream.breakage;
      const found = `kept ${rate(lastKeptPerSecond)}, missed ${rate(firstMissedPerSecond)}`;
      return [`${phase.name} ${streamNameOf(stream)} ${found}: ${reason}`];
    }),
  );
}

/** Rounded, because the multiples of the first rate have many digits. */
function rate(perSecond: number | null): string {
  return perSecond === null ? "no rate" : `${formatRate(Math.round(perSecond))}/s`;
}

/** The name of each persona, and a sentence on its devices. */
export function personaLines({ personas = [] }: RunResult): (readonly [string, string])[] {
  return personas.map((persona) => {
    const { kind, name = kind, of, devices, bound } = persona;
    const counts = personaEvents
      .filter(([event]) => persona[event] > 0)
      .map(([event, words]) => `${formatCount(persona[event])} ${words}`);
    const who = `${formatCount(devices)} ${of ?? "devices"}`;
    return [name, [who, `${formatCount(bound)} bound at the end`, ...counts].join(", ")];
  });
}

const personaEvents = [
  ["naks", "NAKs"],
  ["declines", "declines"],
  ["timeouts", "time-outs"],
  ["retransmissions", "retransmissions"],
  ["twinLeases", "leases of their twins"],
] as const satisfies readonly (readonly [keyof PersonaResult, string])[];

/** Each direction of the scenario's network, and a sentence on its datagrams. */
export function networkLines({ network }: RunResult): (readonly [string, string])[] {
  if (network === undefined) return [];
  return [
    ["to the server", directionWords(network.toServer)],
    ["to the devices", directionWords(network.toDevices)],
  ];
}

function directionWords(direction: NetworkDirectionResult): string {
  const counts = Object.entries(direction)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${formatCount(count)} ${what}`);
  return counts.length === 0 ? "nothing happened" : counts.join(", ");
}
