import { CommitChain } from "../../server/lease/etcd/commit-chain.ts";
import type {
  KeyValue,
  Transaction,
  TransactionAnswer,
} from "../../server/lease/etcd/etcd-messages.ts";
import {
  claimTransaction,
  judgeClaim,
  type LeaderRecord,
  nextLeader,
  noLeader,
  sightOf,
} from "../../server/lease/etcd/leadership.ts";
import { LeaseFollower } from "../../server/lease/etcd/lease-follower.ts";
import { isLease, pairKeys } from "../../server/lease/etcd/pair-keys.ts";
import { writeRecord } from "../../server/lease/lease-file.ts";
import { LeaseTable } from "../../server/lease/lease-table.ts";
import { MemoryLeaseStore } from "../../server/lease/memory-lease-store.ts";
import type { ModelEtcd } from "./pair-etcd.ts";

export const keys = pairKeys("p");
export const low = 0x0a09_0000;
export const ADDRESSES = 4;

export const clientOf = (device: number) => ({
  hardware: { type: 1, address: Uint8Array.of(2, 0, 0, 0, 0, device) },
});

/** A promise that waits for its commit. `use`: how often the device had given addresses back. */
export interface Promised {
  readonly device: number;
  readonly address: number;
  readonly use: number;
}

export interface Request {
  readonly transaction: Transaction;
  /** An answer to any other attempt of the node than its latest is not read. */
  readonly attempt: number;
}

/** What becomes of an attempt; `acknowledged` leave now. */
export interface Settled {
  readonly acknowledged: readonly Promised[];
}

const nothing: Settled = { acknowledged: [] };
const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/**
 * A node of the pair as the real one is: the same chain, claims, follower and table, but etcd is a model
 * and every message takes as long as the test likes.
 */
export class ModelNode {
  readonly #name: string;
  readonly #etcd: ModelEtcd;
  /** Survives a crash of the node. */
  readonly #file = new MemoryLeaseStore();
  #table!: LeaseTable;
  #follower!: LeaseFollower;
  #claims = 0;
  #claim: LeaderRecord | undefined;
  #chain: CommitChain | undefined;
  #term = 0;
  #attempt = 0;
  #sent: Transaction | undefined;
  #filling = new Map<number, Uint8Array>();
  #promised: Promised[] = [];
  #underWay: Promised[] = [];
  #isCommitting = false;

  constructor(name: string, etcd: ModelEtcd) {
    this.#name = name;
    this.#etcd = etcd;
    this.restart();
  }

  get isActive(): boolean {
    const { modRevision } = this.#follower.leader;
    return this.#term > 0 && modRevision >= this.#term && this.#chain?.isFenced === false;
  }

  /** A crash, and a start: reads the lease file, then everything in etcd. */
  restart(): void {
    this.#file.close();
    this.#table = new LeaseTable([{ low, high: low + ADDRESSES - 1, pool: 0 }]);
    this.#file.loadInto(this.#table);
    this.#follower = new LeaseFollower(this.#table, this.#file);
    this.#claim = this.#chain = this.#sent = undefined;
    this.#term = 0;
    this.#filling.clear();
    this.#promised = [];
    this.#underWay = [];
    this.#isCommitting = false;
    this.#load();
  }

  /** A device asks for an address: the one that it has, or a free one. */
  ask(device: number, use: number, nowSeconds: number): void {
    if (!this.isActive) return;
    const client = clientOf(device);
    const { type, address: chaddr } = client.hardware;
    const own = this.#table.byHardware(type, chaddr).find((index) => this.#table.isActive(index));
    const index = own ?? this.#table.takeFree(0, nowSeconds);
    if (index < 0) return;
    this.#table.bind(index, client, nowSeconds, nowSeconds + 1_000_000);
    this.#append(index);
    this.#promised.push({ device, address: low + index, use });
  }

  /** True when the node took the address back. */
  release(device: number, address: number, nowSeconds: number): boolean {
    const index = address - low;
    const isHeld = this.#table.isActive(index);
    if (!this.isActive || !isHeld || !this.#table.hasHardware(index, clientOf(device).hardware)) {
      return false;
    }
    this.#table.release(index, nowSeconds);
    this.#append(index);
    return true;
  }

  claim(): Request | undefined {
    if (this.#term > 0 || this.#claim !== undefined) return undefined;
    const { leader } = this.#follower;
    this.#claims += 1;
    this.#claim = nextLeader(leader, this.#name, `${this.#name}${this.#claims}`);
    return this.#send(claimTransaction(keys, leader, this.#claim));
  }

  commit(): Request | undefined {
    if (!this.isActive || this.#isCommitting || this.#filling.size === 0) return undefined;
    this.#file.commit();
    this.#chain!.begin(this.#filling);
    this.#filling = new Map();
    this.#underWay = this.#promised;
    this.#promised = [];
    this.#isCommitting = true;
    return this.#send(this.#chain!.next()!);
  }

  /** No answer yet: the same again. */
  resend(): Request | undefined {
    return this.#sent && this.#send(this.#sent);
  }

  /** No answer, and no more time. */
  giveUp(): void {
    if (this.#sent === undefined) return;
    this.#attempt += 1;
    this.#sent = undefined;
    if (this.#isCommitting) this.#chain!.abandon();
    else this.#claim = undefined;
    this.#isCommitting = false;
    this.#underWay = [];
  }

  /** What an answer settles, and what is to be sent next. */
  answered(attempt: number, answer: TransactionAnswer): Settled & { readonly next?: Request } {
    if (attempt !== this.#attempt || this.#sent === undefined) return nothing;
    this.#sent = undefined;
    if (!this.#isCommitting) {
      const outcome = judgeClaim(keys, this.#claim!, answer);
      if (outcome.kind === "lost") this.#claim = undefined;
      else {
        this.#term = outcome.term;
        this.#chain = new CommitChain(keys, outcome.term);
      }
      return nothing;
    }
    const state = this.#chain!.answered(answer);
    if (state === "more") return { ...nothing, next: this.#send(this.#chain!.next()!) };
    const acknowledged = state === "durable" ? this.#underWay : [];
    this.#isCommitting = false;
    this.#underWay = [];
    return { acknowledged };
  }

  /** Sees at most `revisions` more of what happened in etcd. */
  observe(revisions: number): void {
    if (this.isActive) return;
    const { revision } = this.#follower;
    const last = Math.min(revision + revisions, this.#etcd.revision);
    for (const event of this.#etcd.eventsBetween(revision, last)) this.#show(event);
    this.#follower.take({ kind: "complete", revision: last });
  }

  #load(): void {
    this.#follower.take({ kind: "loading" });
    for (let address = low; address < low + ADDRESSES; address += 1) {
      const found = this.#etcd.get(`${keys.leases}10.9.0.${address - low}`);
      if (found !== undefined) this.#show(found);
    }
    const leader = this.#etcd.get(keys.leader);
    this.#follower.take({ kind: "leader", sight: leader ? sightOf(leader) : noLeader });
    this.#follower.take({ kind: "complete", revision: this.#etcd.revision });
  }

  #show(event: KeyValue): void {
    if (event.key === keys.leader) this.#follower.take({ kind: "leader", sight: sightOf(event) });
    else if (isLease(keys, event)) this.#follower.take({ kind: "leases", texts: event.value });
  }

  #append(index: number): void {
    this.#file.appendLease(index);
    this.#filling.set(low + index, textBytes(writeRecord(this.#table.recordOf(index))));
  }

  #send(transaction: Transaction): Request {
    this.#attempt += 1;
    this.#sent = transaction;
    return { transaction, attempt: this.#attempt };
  }
}
