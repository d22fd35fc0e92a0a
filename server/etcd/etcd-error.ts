/**
 * There was no answer, or a refusal that every other member would repeat (`isRefused`). In both cases an
 * earlier attempt may have succeeded, or may still succeed.
 */
export class EtcdError extends Error {
  override readonly name = "EtcdError";
  readonly isRefused: boolean;

  constructor(message: string, isRefused = false) {
    super(message);
    this.isRefused = isRefused;
  }
}
