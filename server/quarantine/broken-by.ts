/** What was thrown, and where, on one line. */
export function brokenBy(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [first, place = ""] = (error.stack ?? `${error}`).split(/\n +at /, 2);
  const what = first.replaceAll("\n", " ");
  return place === "" ? what : `${what}, at ${place}`;
}
