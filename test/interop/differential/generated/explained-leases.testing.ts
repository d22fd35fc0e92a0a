import { bytesEqual } from "../../../../protocol/bytes.ts";
import { formatIpv4 } from "../../../../protocol/ipv4.ts";
import type { LeaseRecord } from "../../../../server/lease/lease.ts";
import { leaseLine } from "../contender.testing.ts";
import { isOfferedAnew } from "./explained.testing.ts";
import type { Answered } from "./pair.testing.ts";

/** What the two lease files say of one address; undefined: nothing. */
interface LeasePair {
  readonly theirs: LeaseRecord | undefined;
  readonly ours: LeaseRecord | undefined;
  readonly allOurs: readonly LeaseRecord[];
  readonly isOfferedAnew: boolean;
  readonly configuration: string;
}

const leaseRules: readonly { name: string; applies: (pair: LeasePair) => boolean }[] = [
  {
    name: "what a lease remembers of earlier packets",
    applies: ({ theirs, ours }) => {
      const [theirState = "free", ourState = "free"] = [theirs, ours].map(
        (one) => one?.bindingState,
      );
      if (theirState !== ourState) return false;
      return theirState === "free" || remembersMore(theirs!, ours!);
    },
  },
  {
    name: "another option 82 within the threshold",
    applies: ({ theirs, ours }) =>
      theirs?.bindingState === "active" &&
      ours?.agentOptions !== undefined &&
      lineOf({ ...theirs, ...textsOf(ours) }) === lineOf(ours),
  },
  {
    name: "a second lease of a client identifier",
    applies: ({ theirs, ours, allOurs }) =>
      theirs?.bindingState === "active" &&
      ours?.bindingState === "free" &&
      allOurs.some(
        ({ address, bindingState, clientId }) =>
          address !== ours.address &&
          bindingState === "active" &&
          isSameId(clientId, theirs.clientId),
      ),
  },
  {
    name: "an OFFER does not change a lease",
    applies: ({ theirs, ours, isOfferedAnew: isOffered }) =>
      isOffered && theirs?.bindingState === "active" && ours?.bindingState === "free",
  },
  {
    name: "an address of a former client under one-lease-per-client",
    applies: ({ theirs, ours, configuration }) =>
      theirs?.bindingState !== ours?.bindingState &&
      configuration.includes("one-lease-per-client "),
  },
  {
    name: "a lease that its pool no longer allows",
    applies: ({ theirs, ours, configuration }) =>
      theirs?.bindingState === "free" &&
      ours?.bindingState === "active" &&
      /^ +(allow|deny) (members|known|unknown|all)/m.test(configuration),
  },
];

/** The same for the lease files that are there at the end; undefined when something is not explained. */
export function leaseExplanationsOf(
  theirs: readonly LeaseRecord[],
  ours: readonly LeaseRecord[],
  heard: readonly Answered[],
  configuration: string,
): string[] | undefined {
  const addresses = new Set([...theirs, ...ours].map(({ address }) => address));
  const names = new Set<string>();
  for (const address of addresses) {
    const isIt = (record: LeaseRecord): boolean => record.address === address;
    const pair = {
      ...{ theirs: theirs.find(isIt), ours: ours.find(isIt), allOurs: ours },
      isOfferedAnew: isOfferedAnew(heard, formatIpv4(address)),
      configuration,
    };
    if (lineOf(pair.theirs) === lineOf(pair.ours)) continue;
    const rule = leaseRules.find(({ applies }) => applies(pair));
    if (rule === undefined) return undefined;
    names.add(rule.name);
  }
  return [...names];
}

function lineOf(record: LeaseRecord | undefined): string {
  return record === undefined ? "" : leaseLine(record, { anywhere: new Set() });
}

/** The same, save for texts that the last packet did not have. */
function remembersMore(theirs: LeaseRecord, ours: LeaseRecord): boolean {
  const { hostname, vendorClass, agentOptions, ...rest } = theirs;
  const known = {
    ...rest,
    ...(ours.hostname !== undefined && hostname !== undefined ? { hostname } : {}),
    ...(ours.vendorClass !== undefined && vendorClass !== undefined ? { vendorClass } : {}),
    ...(ours.agentOptions !== undefined && agentOptions !== undefined ? { agentOptions } : {}),
  };
  return lineOf(known) === lineOf(ours);
}

/** What a record has of the packet that it was written for. */
function textsOf({ hostname, vendorClass, agentOptions }: LeaseRecord): Partial<LeaseRecord> {
  return {
    ...(hostname === undefined ? {} : { hostname }),
    ...(vendorClass === undefined ? {} : { vendorClass }),
    ...(agentOptions === undefined ? {} : { agentOptions }),
  };
}

function isSameId(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one !== undefined && other !== undefined && bytesEqual(one, other);
}
