import type { PairStatus } from "./pair-status.ts";

/** What an operator may order through the control socket, by its path: `POST /failback`. */
export const controlOrders = ["failback", "clean-up"] as const;
export type ControlOrder = (typeof controlOrders)[number];
export type ControlRequest = "status" | ControlOrder;

/** Status of a server that does not belong to a pair. */
export interface SingleStatus {
  readonly schema: "provlab/pair-status@1";
  readonly role: "single";
  readonly services: readonly string[];
}

export type ControlStatus = PairStatus | SingleStatus;

export function isSingle(status: ControlStatus): status is SingleStatus {
  return "role" in status;
}

/** How an order ends. */
export type OrderEnd =
  | { readonly kind: "refused"; readonly reasons: readonly string[] }
  /** The order stopped at this step; nothing is undone. */
  | {
      readonly kind: "stuck";
      readonly step: string;
      /** How long nothing had moved. */
      readonly msMax: number;
      /** Where it stood, as a sentence. */
      readonly why?: string;
    }
  | {
      readonly kind: "done";
      /** From the order to stop on this node until the other node reported that it serves. */
      readonly gapMs?: number;
      /** What the operator still has to do. */
      readonly byHand?: string;
    };

/** One line of the report on an order: each step before it is taken, how far it is, and finally the end. */
export type OrderLine =
  | {
      readonly kind: "step";
      /** Time since the order arrived. */
      readonly elapsedMs: number;
      readonly requirement: string;
      readonly text: string;
    }
  /** At least every few seconds, so that silence means that the node hangs. */
  | { readonly kind: "progress"; readonly elapsedMs: number; readonly text: string }
  | OrderEnd;

/** One line of a pair node's answer; the last line says how the request ended. */
export type ControlLine = { readonly kind: "status"; readonly status: PairStatus } | OrderLine;

export function isLastLine<Line extends ControlLine>(
  line: Line,
): line is Exclude<Line, { kind: "step" | "progress" }> {
  const { kind } = line;
  return kind !== "step" && kind !== "progress";
}
