import type { KeyValue, Transaction, TransactionAnswer } from "../../server/etcd/etcd-messages.ts";
import { addressOfLease, isLease, pairKeys } from "../../server/etcd/pair-keys.ts";
import { writeRecord } from "../../server/lease/format/lease-file.ts";
import { CommitChain } from "../../server/lease/replicated/commit-chain.ts";
import { packRecords } from "../../server/lease/replicated/lease-batch.ts";
import { LeaseFollower } from "../../server/lease/replicated/lease-follower.ts";
import { PairLead } from "../../server/lease/replicated/pair-lead.ts";
import { MemoryLeaseStore } from "../../server/lease/store/memory-lease-store.testing.ts";
import { LeaseTable } from "../../server/lease/table/lease-table.ts";
import {
  claimTransaction,
  judgeClaim,
  type LeaderClaim,
  type LeaderSight,
  noLeader,
  releaseTransaction,
  sightOf,
} from "../../server/mandate/leader-key.ts";
import type { Mandate } from "../../server/mandate/shared-pair-state.ts";
import type { ModelEtcd } from "./pair-etcd.ts";

export const keys = pairKeys("/p/");
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

/** Who sends it: the part of a node that claims, or the one that commits. They do not wait for each other. */
export type Sender = "claims" | "commits";

export interface Request {
  readonly sender: Sender;
  readonly transaction: Transaction;
  /** An answer to any other attempt of the sender than its latest is not read. */
  readonly attempt: number;
}

/** What becomes of an attempt; `acknowledged` leave now. */
export interface Settled {
  readonly acknowledged: readonly Promised[];
}

const nothing: Settled = { acknowledged: [] };
const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** How a node is made otherwise, to see that it matters. */
export interface NodeMutation {
  readonly newLead?: (bootId: string) => PairLead;
  /** Who commits: the so many-eth start of that part of the node. */
  readonly writerOf?: (name: string, part: number) => string;
}

interface ClaimUnderWay {
  readonly sight: LeaderSight;
  readonly next: LeaderClaim;
}

interface CommitUnderWay {
  readonly chain: CommitChain;
  readonly promised: readonly Promised[];
}

/**
 * A node of the pair as the real one is: the same chain, claims, lead, follower and table, but etcd is a
 * model and every message takes as long as the test likes. It may claim again while it leads, as one
 * does that stood still, and goes on committing meanwhile.
 */
export class ModelNode {
  readonly #name: string;
  readonly #etcd: ModelEtcd;
  readonly #newLead: (bootId: string) => PairLead;
  readonly #writerOf: (name: string, part: number) => string;
  /** Survives a crash of the node. */
  readonly #file = new MemoryLeaseStore();
  #table!: LeaseTable;
  #follower!: LeaseFollower;
  #lead!: PairLead;
  #boots = 0;
  /** Starts of the part that commits. */
  #parts = 0;
  #self = { node: "", bootId: "" };
  #claim: ClaimUnderWay | undefined;
  #won: Mandate | undefined;
  #chain: CommitChain | undefined;
  #commit: CommitUnderWay | undefined;
  readonly #attempts: Record<Sender, number> = { claims: 0, commits: 0 };
  readonly #sent = new Map<Sender, Transaction>();
  /** Its own records come back to it from then on: its table may have newer ones. */
  #hasLed = false;
  #filling = new Map<number, Uint8Array>();
  #promised: Promised[] = [];

  constructor(
    name: string,
    etcd: ModelEtcd,
    {
      newLead = (bootId) => new PairLead(bootId),
      writerOf = (name, part) => `${name} ${part}`,
    }: NodeMutation = {},
  ) {
    this.#name = name;
    this.#etcd = etcd;
    this.#newLead = newLead;
    this.#writerOf = writerOf;
    this.restart();
  }

  get isActive(): boolean {
    return this.#role === "active" && this.#chain?.isFenced === false;
  }

  /** The part that commits can only start anew. */
  get isOver(): boolean {
    return this.#role === "fenced";
  }

  get #role() {
    return this.#lead.role(this.#follower.isComplete);
  }

  /** A crash of the program, and its start. */
  restart(): void {
    this.#boots += 1;
    this.#self = { node: this.#name, bootId: `${this.#name}${this.#boots}` };
    const value = textBytes(this.#self.bootId);
    const presence = { key: keys.presence + this.#name, value };
    this.#etcd.apply({ guards: [], puts: [presence], reads: [] });
    this.#claim = this.#won = undefined;
    this.#sent.delete("claims");
    this.renew();
  }

  /** The part that commits starts anew: reads the lease file, then everything in etcd. */
  renew(): void {
    this.#file.close();
    this.#table = new LeaseTable([{ low, high: low + ADDRESSES - 1, pool: 0 }]);
    this.#file.loadInto(this.#table);
    this.#follower = new LeaseFollower(this.#table, this.#file);
    this.#lead = this.#newLead(this.#self.bootId);
    this.#parts += 1;
    this.#chain = this.#commit = undefined;
    this.#hasLed = false;
    this.#sent.delete("commits");
    this.#filling.clear();
    this.#promised = [];
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
    if (this.#claim !== undefined) return undefined;
    const { sight } = this.#lead;
    const epoch = (sight.record?.epoch ?? 0) + 1;
    const next: LeaderClaim = { epoch, holder: this.#self, hold: "held" };
    this.#claim = { sight, next };
    return this.#send("claims", claimTransaction(keys, sight, next, false));
  }

  /** The part that commits is told of a claim that was won. */
  adopt(): void {
    if (this.#won === undefined) return;
    if (this.#lead.adopt(this.#won)) {
      const writer = this.#writerOf(this.#name, this.#parts);
      this.#chain = new CommitChain(keys, this.#won.term, writer);
    }
    this.#hasLed ||= this.#role === "active";
  }

  /** Gives its term back, and does not wait for an answer. */
  handBack(): Request | undefined {
    const { mandate } = this.#lead;
    if (mandate === undefined || this.#claim !== undefined) return undefined;
    const { epoch, term } = mandate;
    const claim: LeaderClaim = { epoch, holder: this.#self, hold: "held" };
    const transaction = releaseTransaction(keys, term, claim, false);
    return { sender: "claims", transaction, attempt: 0 };
  }

  commit(): Request | undefined {
    if (!this.isActive || this.#commit !== undefined || this.#filling.size === 0) return undefined;
    this.#file.commit();
    const chain = this.#chain!;
    chain.begin(this.#filling);
    this.#filling = new Map();
    this.#commit = { chain, promised: this.#promised };
    this.#promised = [];
    return this.#send("commits", chain.next()!);
  }

  /** No answer yet: the same again. */
  resend(sender: Sender): Request | undefined {
    const sent = this.#sent.get(sender);
    return sent && this.#send(sender, sent);
  }

  /** No answer, and no more time. */
  giveUp(sender: Sender): void {
    if (!this.#sent.delete(sender)) return;
    this.#attempts[sender] += 1;
    if (sender === "claims") this.#claim = undefined;
    else {
      this.#commit!.chain.abandon();
      this.#commit = undefined;
    }
  }

  /** What an answer settles, and what is to be sent next. */
  answered(
    { sender, attempt }: Pick<Request, "sender" | "attempt">,
    answer: TransactionAnswer,
  ): Settled & { readonly next?: Request } {
    if (attempt !== this.#attempts[sender] || !this.#sent.delete(sender)) return nothing;
    if (sender === "claims") {
      const { sight, next } = this.#claim!;
      const judgement = judgeClaim(keys, sight, next, answer);
      if (judgement.kind === "won") this.#won = { epoch: next.epoch, term: judgement.term };
      this.#claim = undefined;
      return nothing;
    }
    const { chain, promised } = this.#commit!;
    const state = chain.answered(answer);
    if (state === "more") return { ...nothing, next: this.#send("commits", chain.next()!) };
    this.#commit = undefined;
    return { acknowledged: state === "durable" ? promised : [] };
  }

  /** Sees at most `revisions` more of what happened in etcd. */
  observe(revisions: number): void {
    const { revision } = this.#follower;
    const last = Math.min(revision + revisions, this.#etcd.revision);
    for (const event of this.#etcd.eventsBetween(revision, last)) this.#show(event);
    this.#follower.take({ kind: "complete", revision: last });
  }

  #load(): void {
    this.#follower.take({ kind: "loading", leasesInAll: 0 });
    for (let address = low; address < low + ADDRESSES; address += 1) {
      const found = this.#etcd.get(`${keys.leases}10.9.0.${address - low}`);
      if (found !== undefined) this.#show(found);
    }
    const leader = this.#etcd.get(keys.leader);
    this.#lead.see(leader ? sightOf(leader) : noLeader);
    this.#follower.take({ kind: "complete", revision: this.#etcd.revision });
  }

  #show(event: KeyValue): void {
    if (event.key === keys.leader) this.#lead.see(sightOf(event));
    else if (isLease(keys, event) && !this.#hasLed) {
      const records = packRecords([[addressOfLease(keys, event.key)!, event.value]]);
      this.#follower.take({ kind: "leases", records });
    }
    this.#hasLed ||= this.#role === "active";
  }

  #append(index: number): void {
    this.#file.appendLease(index);
    this.#filling.set(low + index, textBytes(writeRecord(this.#table.recordOf(index))));
  }

  #send(sender: Sender, transaction: Transaction): Request {
    this.#attempts[sender] += 1;
    this.#sent.set(sender, transaction);
    return { sender, transaction, attempt: this.#attempts[sender] };
  }
}
