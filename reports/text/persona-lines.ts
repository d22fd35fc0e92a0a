import type { PersonaResult } from "../result/run-result.ts";
import { formatCount } from "./format.ts";

/** What happened to the devices of each persona, in a sentence: which one, and what to say. */
export function personaLines(personas: readonly PersonaResult[]): (readonly [string, string])[] {
  return personas.map((persona) => {
    const { kind, name = kind, of, devices, bound } = persona;
    const counts = (
      ["naks", "declines", "timeouts", "retransmissions", "twinLeases"] as const
    ).flatMap((event) =>
      persona[event] > 0 ? [`${formatCount(persona[event])} ${words[event]}`] : [],
    );
    const who = `${formatCount(devices)} ${of ?? "devices"}`;
    return [name, [`${who}, ${formatCount(bound)} bound at the end`, ...counts].join(", ")];
  });
}

const words = {
  naks: "NAKs",
  declines: "declines",
  timeouts: "time-outs",
  retransmissions: "retransmissions",
  twinLeases: "leases of their twins",
} as const;
