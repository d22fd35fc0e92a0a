/** What a generator process says to a request of any kind. */
export type GeneratorReply<Result> =
  | { readonly kind: "measured"; readonly result: Result }
  | { readonly kind: "failed"; readonly message: string };

/**
 * Makes this process one that a `GeneratorProcess` can ask: it plays each request that comes in, and ends
 * when its parent does.
 */
export function answerRequests<Request, Result>(play: (request: Request) => Promise<Result>): void {
  process.on("message", (request: Request) => {
    void replyTo(play, request).then((reply) => process.send?.(reply));
  });
  process.on("disconnect", () => process.exit());
}

async function replyTo<Request, Result>(
  play: (request: Request) => Promise<Result>,
  request: Request,
): Promise<GeneratorReply<Result>> {
  try {
    return { kind: "measured", result: await play(request) };
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}
