import { type LeaderSight, noLeader } from "../../mandate/leader-key.ts";
import type { Mandate } from "../../mandate/shared-pair-state.ts";

/**
 * `following`: the table follows the leader; nothing is acknowledged. `claiming`: it has a mandate but
 * has not yet seen everything before it. `active`: it leads and commits. `paused`: its term is over and
 * nobody else has led since, so its table is still the newest; it waits for its next mandate. `fenced`:
 * another node has led, or etcd is a different one. That is final: only a new node with a new table can
 * follow.
 */
export type PairRole = "following" | "claiming" | "active" | "paused" | "fenced";

/** Decides what one boot of a node may do with its mandates, from what it sees of the leader key. */
export class PairLead {
  readonly #bootId: string;
  #sight: LeaderSight = noLeader;
  #mandate: Mandate | undefined;
  /** Revision at which this node began to lead; other nodes led before it. */
  #firstTerm = Number.POSITIVE_INFINITY;
  /** This boot held every epoch from its first term up to this one. */
  #epoch = 0;
  #isOver = false;

  constructor(bootId: string) {
    this.#bootId = bootId;
  }

  /** The leader key as last seen. */
  get sight(): LeaderSight {
    return this.#sight;
  }

  /** The latest mandate adopted. */
  get mandate(): Mandate | undefined {
    return this.#mandate;
  }

  /** `isComplete`: everything before the last sight of the leader key is in the table. */
  role(isComplete: boolean): PairRole {
    if (this.#isOver) return "fenced";
    if (this.#mandate === undefined) return "following";
    const { term } = this.#mandate;
    if (!isComplete || this.#sight.modRevision < term) return "claiming";
    return this.#sight.modRevision === term ? "active" : "paused";
  }

  /** A claim of this boot has won. Returns false when this is the current mandate already. */
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

  /** The leader key has changed. Sights come in the order of revisions, but some may be missing. */
  see(sight: LeaderSight): void {
    const isBack = sight.modRevision < this.#sight.modRevision;
    if (isBack && this.#mandate !== undefined) this.#isOver = true;
    this.#sight = sight;
    this.#judge();
  }

  /** Epochs rise by one, so if this epoch is ours and follows on ours, nobody led in between. */
  #judge(): void {
    const { modRevision, record } = this.#sight;
    if (modRevision < this.#firstTerm) return;
    const isOurs = record?.holder.bootId === this.#bootId;
    if (isOurs && record.epoch <= this.#epoch + 1) this.#epoch = record.epoch;
    else this.#isOver = true;
  }
}
