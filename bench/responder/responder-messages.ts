/** What the responder says by itself, once. */
export interface ResponderReady {
  readonly kind: "ready";
}

/** The answer to any message: what it has done since the last one. */
export interface ResponderReport {
  readonly kind: "report";
  readonly elapsedMs: number;
  /** Of the whole process. */
  readonly cpuMs: number;
  readonly received: number;
  readonly sent: number;
  /** Datagrams that found its receive buffer full, or could not be sent. */
  readonly lost: number;
}
