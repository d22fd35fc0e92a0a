import { type LeaderSight, noLeader } from "../../mandate/leader-key.ts";
import type { Mandate } from "../../mandate/pair-words.ts";

/**
 * `following`: hot, and acknowledges nothing. `claiming`: it has a mandate, and has not yet seen everything that
 * was before. `active`: it leads, and commits. `paused`: its term is over and nobody else has led since,
 * so its table is still the newest: it waits for its next mandate. `fenced`: somebody else has
 * led, or etcd is not the one that it was. That is the end: what is to follow is a new node with a new table.
 */
export type PairRole = "following" | "claiming" | "active" | "paused" | "fenced";

/** The leads of one boot of a node: what it may do with its mandates, by what it sees of the leader key. */
export class PairLead {
  readonly #bootId: string;
  #sight: LeaderSight = noLeader;
  #mandate: Mandate | undefined;
  /** Revision at which this node began to lead: before it, others did. */
  #firstTerm = Number.POSITIVE_INFINITY;
  /** Every epoch from that of the first term to this one was of this boot. */
  #epoch = 0;
  #isOver = false;

  constructor(bootId: string) {
    this.#bootId = bootId;
  }

  /** As seen last. */
  get sight(): LeaderSight {
    return this.#sight;
  }

  /** The latest that was adopted. */
  get mandate(): Mandate | undefined {
    return this.#mandate;
  }

  /** `isComplete`: everything that was before the leader key's sight is in the table. */
  role(isComplete: boolean): PairRole {
    if (this.#isOver) return "fenced";
    if (this.#mandate === undefined) return "following";
    const { term } = this.#mandate;
    if (!isComplete || this.#sight.modRevision < term) return "claiming";
    return this.#sight.modRevision === term ? "active" : "paused";
  }

  /** A claim of this boot has won. False: it is the mandate that it has. */
  adopt(mandate: Mandate): boolean {
    const { epoch, term } = mandate;
    const before = this.#mandate;
    if (before?.epoch === epoch && before.term === term) return false;
    if (before === undefined) {
      this.#firstTerm = term;
      this.#epoch = epoch;
    } else if (epoch <= before.epoch || term <= before.term) this.#isOver = true;
    this.#mandate = mandate;
    this.#judge();
    return true;
  }

  /** The leader key has changed; in the order of revisions, though some may be left out. */
  see(sight: LeaderSight): void {
    const isBack = sight.modRevision < this.#sight.modRevision;
    if (isBack && this.#mandate !== undefined) this.#isOver = true;
    this.#sight = sight;
    this.#judge();
  }

  /** Epochs follow one another by one, so what is ours and follows on ours left room for nobody. */
  #judge(): void {
    const { modRevision, record } = this.#sight;
    if (modRevision < this.#firstTerm) return;
    const isOurs = record?.holder.bootId === this.#bootId;
    if (isOurs && record.epoch <= this.#epoch + 1) this.#epoch = record.epoch;
    else this.#isOver = true;
  }
}
