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
  | { readonly kind: "stuck"; readonly step: string; readonly msMax: number }
  | {
      readonly kind: "done";
      /** From the order to stop on this node until the other node reported that it serves. */
      readonly gapMs?: number;
      /** What the operator still has to do. */
      readonly byHand?: string;
    };

/** One line of the report on an order: each step before it is taken, and finally the end. */
export type OrderLine =
  | {
      readonly kind: "step";
      /** Time since the order arrived. */
      readonly elapsedMs: number;
      readonly requirement: string;
      readonly text: string;
    }
  | OrderEnd;

/** One line of a pair node's answer; the last line says how the request ended. */
export type ControlLine = { readonly kind: "status"; readonly status: PairStatus } | OrderLine;

export function isLastLine({ kind }: ControlLine): boolean {
  return kind !== "step";
}
