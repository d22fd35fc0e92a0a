/** ACKs by the server that sent them. */
export interface ServerAnswers {
  /** The server's address (Answerers); 0 for unnamed servers and those beyond the number told apart. */
  readonly server: number;
  readonly acknowledged: number;
}

// More than a relay forwards to; a server that answers with ever new identifiers takes no memory.
const SERVERS_TOLD_APART = 64;

/** Counts ACKs by server identifier. */
export class AnswerCounts {
  readonly #counts = new Map<number, number>();

  add(server: number, acknowledged = 1): void {
    const counts = this.#counts;
    const isNew = !counts.has(server);
    const key = isNew && counts.size >= SERVERS_TOLD_APART ? 0 : server;
    counts.set(key, (counts.get(key) ?? 0) + acknowledged);
  }

  /** In the order of the identifiers. */
  toList(): readonly ServerAnswers[] {
    return [...this.#counts]
      .map(([server, acknowledged]) => ({ server, acknowledged }))
      .sort((a, b) => a.server - b.server);
  }
}

/** The sum over all workers. */
export function sumOfAnswers(
  lists: readonly (readonly ServerAnswers[])[],
): readonly ServerAnswers[] {
  const sum = new AnswerCounts();
  for (const { server, acknowledged } of lists.flat()) sum.add(server, acknowledged);
  return sum.toList();
}
