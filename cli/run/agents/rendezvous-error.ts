/** A run that several machines play cannot go on. The message says why. */
export class RendezvousError extends Error {
  override readonly name = "RendezvousError";
}
