import { deserialize, serialize } from "node:v8";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Target } from "../../../reports/result/run-result.ts";
import type { Scenario } from "../../../scenarios/language/scenario.ts";
import type { RunPlan } from "../../../simulator/plan/run-plan.ts";
import type { SegmentPlacement } from "../../../simulator/plan/segment.ts";
import { RendezvousError } from "./board.ts";

/** The run that the coordinator hands out. Each agent plays its own segment of it. */
export interface Order {
  readonly plan: RunPlan;
  readonly scenario: Scenario;
  readonly sha256: string;
  readonly target: Target;
  readonly placement: SegmentPlacement;
}

const ORDER_BYTES_MAX = 1024 * 1024 * 1024;

export function encodeOrder(order: Order): Buffer {
  return gzipSync(serialize(order));
}

/** The coordinator has our version, so only damaged bytes can be wrong. Throws RendezvousError. */
export function decodeOrder(bytes: Buffer): Order {
  try {
    return deserialize(gunzipSync(bytes, { maxOutputLength: ORDER_BYTES_MAX })) as Order;
  } catch (error) {
    throw new RendezvousError("what the coordinator handed out cannot be read", { cause: error });
  }
}
