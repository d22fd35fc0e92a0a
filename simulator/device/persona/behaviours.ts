import type { PersonaKind, PersonaShare } from "../../../scenarios/population/personas.ts";
import type { Population } from "../../../scenarios/population/population.ts";
import { CapturedTemplates } from "../message/captured-templates.ts";

/** What a device does with its packets before they leave. */
export type PacketFault =
  | "none"
  | "swapped-secs"
  | "giant"
  | "no-client-id"
  | "changing-client-id"
  | "malformed";

/** How a device differs from the client of RFC 2131. */
export interface Behaviour {
  /** Messages that it sends instead of those of its kind; undefined: none. */
  readonly templates: CapturedTemplates | undefined;
  readonly packets: PacketFault;
  /** Whether it asks for more time before its lease ends. */
  readonly renews: boolean;
  /** Whether a boot begins with INIT-REBOOT for an address of a network that it is not on. */
  readonly asksForForeignAddress: boolean;
  readonly ignoresNak: boolean;
  /** Addresses that it declines in one boot, each as soon as it is acknowledged. */
  readonly declinesMax: number;
  /** Copies of the REQUEST that follow its ACK at once. */
  readonly requestsAfterAck: number;
  /**
   * The wait after each transmission, the last one again and again, whatever the retry policy says;
   * undefined: as the policy says.
   */
  readonly retransmitMs: readonly number[] | undefined;
  /** Whether its relay sends from a port of its own instead of the servers' port. */
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

/** How the devices of a share behave, whichever of the population they are. */
export function behaviourOf(
  { kind, captured }: Pick<PersonaShare, "kind" | "captured">,
  population: Population,
): Behaviour {
  const behaviour = { ...rfc2131Behaviour, ...faults[kind] };
  if (captured === undefined) return behaviour;
  const templates = new CapturedTemplates(captured, population);
  return { ...behaviour, templates, retransmitMs: captured.retransmit };
}
