import type { PairStatus } from "./pair-status.ts";

/** What an operator may order by the control socket, by its path: `POST /failback`. */
export const controlOrders = ["failback", "clean-up"] as const;
export type ControlOrder = (typeof controlOrders)[number];
export type ControlRequest = "status" | ControlOrder;

/** A server that is no node of a pair. */
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
  /** It stands where it is: nothing is undone. */
  | { readonly kind: "stuck"; readonly step: string; readonly msMax: number }
  | {
      readonly kind: "done";
      /** From the order to stop here until the other node said that it serves. */
      readonly gapMs?: number;
      /** What is left to the operator. */
      readonly byHand?: string;
    };

/** A line of what is told while an order is carried out: the steps, each before it is taken, then the end. */
export type OrderLine =
  | {
      readonly kind: "step";
      /** Since the order came. */
      readonly elapsedMs: number;
      readonly requirement: string;
      readonly text: string;
    }
  | OrderEnd;

/** What a node of a pair answers; the last line of an answer is its end. */
export type ControlLine = { readonly kind: "status"; readonly status: PairStatus } | OrderLine;

export function isLastLine({ kind }: ControlLine): boolean {
  return kind !== "step";
}
