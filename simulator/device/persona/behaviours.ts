import type { PersonaKind, PersonaShare } from "../../../scenarios/population/personas.ts";
import type { Population } from "../../../scenarios/population/population.ts";
import { CapturedTemplates } from "../message/captured-templates.ts";

/** How a device spoils its packets before they leave. */
export type PacketFault =
  | "none"
  | "swapped-secs"
  | "giant"
  | "no-client-id"
  | "changing-client-id"
  | "malformed";

/** How a device differs from the client of RFC 2131. */
export interface Behaviour {
  /** Replaces the messages of the device's kind; undefined: it sends those. */
  readonly templates: CapturedTemplates | undefined;
  readonly packets: PacketFault;
  /** Whether it asks for more time before its lease ends. */
  readonly renews: boolean;
  /** Whether a boot begins with INIT-REBOOT for an address of another network. */
  readonly asksForForeignAddress: boolean;
  readonly ignoresNak: boolean;
  /** Addresses that it declines in one boot, each as soon as it is acknowledged. */
  readonly declinesMax: number;
  /** Copies of the REQUEST that follow its ACK at once. */
  readonly requestsAfterAck: number;
  /**
   * Replaces the waits of the retry policy: one after each transmission, the last one from then on. Undefined:
   * the policy's.
   */
  readonly retransmitMs: readonly number[] | undefined;
  /** Whether its relay sends from another port than the servers' port. */
  readonly relayPortIsWrong: boolean;
  /** Whether a device with the same MAC boots on another CMTS whenever it boots. */
  readonly hasTwin: boolean;
}

/** RFC 2131, as it is written. */
export const rfc2131Behaviour: Behaviour = {
  templates: undefined,
  packets: "none",
  renews: true,
  asksForForeignAddress: false,
  ignoresNak: false,
  declinesMax: 0,
  requestsAfterAck: 0,
  retransmitMs: undefined,
  relayPortIsWrong: false,
  hasTwin: false,
};

const faults: Readonly<Record<PersonaKind, Partial<Behaviour>>> = {
  "never-renews": { renews: false },
  "ignores-nak": { asksForForeignAddress: true, ignoresNak: true },
  "byte-swapped-secs": { packets: "swapped-secs" },
  "duplicate-mac": { hasTwin: true },
  "giant-packets": { packets: "giant" },
  "wrong-relay-port": { relayPortIsWrong: true },
  "decline-loop": { declinesMax: 3 },
  impatient: { retransmitMs: [200] },
  "request-storm": { requestsAfterAck: 10 },
  "foreign-address": { asksForForeignAddress: true },
  "no-client-id": { packets: "no-client-id" },
  "changing-client-id": { packets: "changing-client-id" },
  "malformed-options": { packets: "malformed" },
  captured: {},
};

/** How the devices of a share behave. */
export function behaviourOf(
  { kind, captured }: Pick<PersonaShare, "kind" | "captured">,
  population: Population,
): Behaviour {
  const behaviour = { ...rfc2131Behaviour, ...faults[kind] };
  if (captured === undefined) return behaviour;
  const templates = new CapturedTemplates(captured, population);
  return { ...behaviour, templates, retransmitMs: captured.retransmit };
}
