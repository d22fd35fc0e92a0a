/**
 * Leaves out one thing after the other as long as the rest still fails, and tries again until nothing can
 * be left out, or `triesMax` tries are used up. Returns the smallest list that failed.
 */
export async function shrink<Thing>(
  things: readonly Thing[],
  triesMax: number,
  stillFails: (fewer: readonly Thing[]) => Promise<boolean>,
): Promise<readonly Thing[]> {
  let smallest = things;
  let tries = 0;
  let at = 0;
  // Faults do not depend on each other: what was needed once stays needed, so one pass is enough.
  while (at < smallest.length && smallest.length > 1 && tries < triesMax) {
    const fewer = smallest.filter((_, index) => index !== at);
    tries += 1;
    if (await stillFails(fewer)) smallest = fewer;
    else at += 1;
  }
  return smallest;
}
