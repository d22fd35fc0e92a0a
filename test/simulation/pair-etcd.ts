import type { KeyValue, Transaction, TransactionAnswer } from "../../server/etcd/etcd-messages.ts";

interface Kept {
  readonly value: Uint8Array;
  readonly modRevision: number;
}

const textOf = (value: Uint8Array): string => new TextDecoder().decode(value);

/** What etcd is to a pair: keys with revisions, transactions that happen at one, and a history to watch. */
export class ModelEtcd {
  readonly #kept = new Map<string, Kept>();
  readonly #history: KeyValue[] = [];
  #revision = 1;

  get revision(): number {
    return this.#revision;
  }

  apply({ guards, puts, reads }: Transaction): TransactionAnswer {
    const succeeded = guards.every((guard) => {
      const kept = this.#kept.get(guard.key);
      if ("modRevision" in guard) return (kept?.modRevision ?? 0) === guard.modRevision;
      return kept !== undefined && textOf(kept.value) === textOf(guard.value);
    });
    if (!succeeded) {
      const found = reads.flatMap((key) => this.get(key) ?? []);
      return { succeeded, revision: this.#revision, found };
    }
    this.#revision += 1;
    for (const { key, value } of puts) {
      this.#kept.set(key, { value, modRevision: this.#revision });
      this.#history.push({ key, value, modRevision: this.#revision });
    }
    return { succeeded, revision: this.#revision, found: [] };
  }

  get(key: string): KeyValue | undefined {
    const kept = this.#kept.get(key);
    return kept && { key, ...kept };
  }

  /** What a watch has to tell behind `revision`, up to and with `last`. */
  eventsBetween(revision: number, last: number): KeyValue[] {
    return this.#history.filter(({ modRevision }) => modRevision > revision && modRevision <= last);
  }
}
