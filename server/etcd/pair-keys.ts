import { formatIpv4, parseIpv4 } from "../../protocol/ipv4.ts";
import { endOfPrefix, type KeyValue } from "./etcd-messages.ts";

/** Where a pair keeps what it shares: many pairs may share one etcd. */
export interface PairKeys {
  /** Every key of the pair begins with it. */
  readonly prefix: string;
  /** The first key after the pair's keys. */
  readonly end: string;
  /** Who leads: LeaderClaim. Its revision guards every commit. */
  readonly leader: string;
  /** HA-13, step 1: 1 or 0. */
  readonly failure: string;
  /** Followed by the name of a node. The value is its boot, while the node keeps the key alive. */
  readonly presence: string;
  /** The number of the leader's latest transaction: it puts them in a row (commit-chain.ts). */
  readonly chain: string;
  /** Followed by the address: `10.9.0.1`. The value is the record of the lease file. */
  readonly leases: string;
}

/** `prefix` begins and ends with a slash, and is the same on both nodes: `/provlab/pair1/`. */
export function pairKeys(prefix: string): PairKeys {
  return {
    prefix,
    end: endOfPrefix(prefix),
    leader: `${prefix}leader`,
    failure: `${prefix}failure`,
    presence: `${prefix}presence/`,
    chain: `${prefix}chain`,
    leases: `${prefix}lease/`,
  };
}

export const leaseKey = (keys: PairKeys, address: number): string =>
  keys.leases + formatIpv4(address);

/** The address of a lease's key; undefined when the key names none. */
export const addressOfLease = (keys: PairKeys, key: string): number | undefined =>
  parseIpv4(key.slice(keys.leases.length));

export const isLease = (keys: PairKeys, { key }: KeyValue): boolean => key.startsWith(keys.leases);
