import { formatDurationMs } from "../yaml/duration.ts";

export type PairSide = "a" | "b";

/** `active` and `standby` mean the node in that role when the event happens. */
export const nodeChoices = ["a", "b", "active", "standby"] as const;
export type NodeChoice = (typeof nodeChoices)[number];

export const linkDirections = ["both", "a-to-b", "b-to-a"] as const;
export type LinkDirection = (typeof linkDirections)[number];

export const storeDirections = ["both", "to-store", "from-store"] as const;
export type StoreDirection = (typeof storeDirections)[number];

export const skewDirections = ["ahead", "behind"] as const;

/** Verbs whose only object is a node. */
export type NodeVerb =
  | "kill"
  | "pause"
  | "stop"
  | "start"
  | "fillDisk"
  | "breakGateway"
  | "cleanUp";

/** Verbs whose only object is a member of the store: 1 is beside node a, 2 beside node b, 3 the witness. */
export const memberVerbs = ["killStore", "pauseStore"] as const;
export type MemberVerb = (typeof memberVerbs)[number];

export type PairAction =
  | { readonly verb: NodeVerb; readonly node: NodeChoice }
  | { readonly verb: MemberVerb; readonly member: number }
  | {
      readonly verb: "cutLink";
      /** Undefined: both. */
      readonly link?: 1 | 2 | undefined;
      readonly direction: LinkDirection;
    }
  | { readonly verb: "cutStore"; readonly node: NodeChoice; readonly direction: StoreDirection }
  | { readonly verb: "slowDisk"; readonly node: NodeChoice; readonly byMs: number }
  | { readonly verb: "slowStore"; readonly byMs: number }
  | {
      readonly verb: "skewClock";
      readonly node: NodeChoice;
      readonly byMs: number;
      readonly direction: (typeof skewDirections)[number];
    }
  | { readonly verb: "failback" };

export type PairVerb = PairAction["verb"];

/** Something that is done to a pair on the timeline of a run. */
export interface PairEvent {
  /** Unique in the scenario. */
  readonly name: string;
  readonly moment:
    | { readonly kind: "run"; readonly atMs: number }
    /** After the start of a phase. */
    | { readonly kind: "phase"; readonly phase: string; readonly afterMs: number };
  readonly action: PairAction;
  /** Undone after that; undefined: it stays, or there is nothing to undo. */
  readonly forMs: number | undefined;
}

const nodeWords: Readonly<Record<NodeVerb, (whose: string) => string>> = {
  kill: (whose) => `kill -9 of ${whose}`,
  pause: (whose) => `${whose} stands still (SIGSTOP)`,
  stop: (whose) => `${whose} is shut down in good order`,
  start: (whose) => `${whose} is started`,
  fillDisk: (whose) => `the disk of ${whose} is full`,
  breakGateway: (whose) => `the gateway does not answer ${whose}`,
  cleanUp: (whose) => `clean-up of ${whose}`,
};

/** An action in words: `kill -9 of node a`. `node` is the one that the action was done to. */
export function actionText(action: PairAction, node: PairSide | undefined): string {
  const whose = `node ${node ?? ("node" in action ? action.node : "")}`;
  switch (action.verb) {
    case "slowDisk":
      return `each sync of the disk of ${whose} takes ${formatDurationMs(action.byMs)} more`;
    case "slowStore":
      return `each answer of the store takes ${formatDurationMs(action.byMs)} more`;
    case "killStore":
      return `kill -9 of member ${action.member} of the store`;
    case "pauseStore":
      return `member ${action.member} of the store stands still (SIGSTOP)`;
    case "cutLink": {
      const links = action.link === undefined ? "both links are" : `link ${action.link} is`;
      return `${links} cut${wayOf(action.direction)}`;
    }
    case "cutStore":
      return `${whose} is cut from the store${wayOf(action.direction)}`;
    case "skewClock":
      return `the clock of ${whose} is ${formatDurationMs(action.byMs)} ${action.direction}`;
    case "failback":
      return "fail-back";
    default:
      return nodeWords[action.verb](whose);
  }
}

function wayOf(direction: string): string {
  return direction === "both" ? "" : `, ${direction}`;
}
