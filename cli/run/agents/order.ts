import { z } from "zod";
import {
  formatIpv4,
  type Ipv4Network,
  isInNetwork,
  parseIpv4Network,
} from "../../../protocol/ipv4.ts";
import type { SegmentPlacement } from "../../../simulator/plan/segment.ts";
import { type OrderedRun, type RunOrder, RunOrderError, readRunOrder } from "../plan/run-order.ts";
import { PackedError, pack, unpack } from "../result/packed.ts";
import { RendezvousError } from "./rendezvous-error.ts";

/** The run that the coordinator hands out. Each agent plays its own segment of it. */
export interface Order extends OrderedRun {
  readonly placement: SegmentPlacement;
}

/** Of the order, packed or not. Boot files are nearly all of it. */
export const ORDER_BYTES_MAX = 64 * 1024 * 1024;

const shape = z.strictObject({
  order: z.unknown(),
  placement: z.enum(["machines", "one-machine"]),
});

/** Throws RendezvousError for an order that is too long. */
export function encodeOrder(order: RunOrder, placement: SegmentPlacement): Buffer {
  return translated("the boot files are too many for an order (--boot-files)", () =>
    pack({ order, placement }, ORDER_BYTES_MAX),
  );
}

/** Throws RendezvousError for anything but an order. */
export function decodeOrder(bytes: Buffer): Order {
  return translated("what the coordinator handed out cannot be read", () => {
    const { order, placement } = shape.parse(unpack(bytes, ORDER_BYTES_MAX));
    return { ...readRunOrder(order), placement };
  });
}

function translated<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const isOurs = error instanceof PackedError || error instanceof RunOrderError;
    if (!(isOurs || error instanceof z.ZodError)) throw error;
    const why = error instanceof z.ZodError ? z.prettifyError(error) : error.message;
    throw new RendezvousError(`${what}: ${why}`, { cause: error });
  }
}

/** What an agent may load unless its command line says otherwise. */
export const ALLOWED_DEFAULT = "127.0.0.0/8";

/** Why an agent that may load only these networks does not play the run; undefined when it does. */
export function refusalOf(
  { plan }: OrderedRun,
  allowed: readonly Ipv4Network[],
): string | undefined {
  const isAllowed = (address: number): boolean =>
    allowed.some((network) => isInNetwork(address, network));
  const foreign = plan.servers.find(({ address }) => !isAllowed(address));
  if (foreign === undefined) return undefined;
  const address = formatIpv4(foreign.address);
  return `may not load ${address}: start it with --allow-target ${address} if it should`;
}

/** Parses `10.0.0.1` or `10.0.0.0/24`; undefined for anything else, and for host bits beyond the prefix. */
export function parseAllowed(text: string): Ipv4Network | undefined {
  return parseIpv4Network(text.includes("/") ? text : `${text}/32`);
}
