import type { PairAction, PairSide } from "../scenarios/language/pair-event.ts";
import { nodeIndex, nodePlaces, type PairAddresses, type Place } from "./pair-set-up.ts";

/** One direction of a cut: packets from `place` to an address on one of its interfaces are lost. */
export interface Cut {
  readonly place: Place;
  readonly device: string;
  readonly address: number;
}

/** Interfaces inside the namespaces of the nodes. */
export const devices = { access: "access", links: ["link1", "link2"], store: "store" } as const;

const others = { a: "b", b: "a" } as const;

type LinkCut = Extract<PairAction, { verb: "cutLink" }>;
type StoreCut = Extract<PairAction, { verb: "cutStore" }>;

export function linkCuts({ link, direction }: LinkCut, { nodes }: PairAddresses): readonly Cut[] {
  const links = link === undefined ? [1, 2] : [link];
  const senders = ({ both: ["a", "b"], "a-to-b": ["a"], "b-to-a": ["b"] } as const)[direction];
  return links.flatMap((number) =>
    senders.map((sender) => ({
      place: nodePlaces[nodeIndex[sender]],
      device: devices.links[number - 1],
      address: nodes[nodeIndex[others[sender]]].links[number - 1],
    })),
  );
}

/** Cuts a node, with the member beside it, off the other two members. */
export function storeCuts(
  { direction }: Pick<StoreCut, "direction">,
  side: PairSide,
  { nodes, witnessStore }: PairAddresses,
): readonly Cut[] {
  const { store: device } = devices;
  const other = others[side];
  const out = [nodes[nodeIndex[other]].store, witnessStore].map((address) => ({
    ...{ place: nodePlaces[nodeIndex[side]], device, address },
  }));
  const into = ([nodePlaces[nodeIndex[other]], "witness"] as const).map((place) => ({
    ...{ place, device, address: nodes[nodeIndex[side]].store },
  }));
  return [...(direction === "from-store" ? [] : out), ...(direction === "to-store" ? [] : into)];
}

/** None where there is no gateway. */
export function gatewayCuts(side: PairSide, { gateway }: PairAddresses): readonly Cut[] {
  if (gateway === undefined) return [];
  return [{ place: nodePlaces[nodeIndex[side]], device: devices.access, address: gateway }];
}
