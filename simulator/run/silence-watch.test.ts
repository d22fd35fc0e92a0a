import { expect, test } from "vitest";
import { SILENT_MS_MAX, SilenceWatch } from "./silence-watch.ts";

const quiet = { sent: 0, received: 0 };
const asking = { sent: 5, received: 0 };
const answered = { sent: 5, received: 1 };

test("silence is too long when nobody has answered for its time since something was sent", () => {
  const watch = new SilenceWatch(2);
  expect(watch.take(0, quiet, 0)).toBe(false);
  expect(watch.take(1, quiet, 60_000)).toBe(false);
  expect(watch.take(0, asking, 61_000)).toBe(false);
  expect(watch.take(1, quiet, 61_000 + SILENT_MS_MAX - 1)).toBe(false);
  expect(watch.take(0, asking, 61_000 + SILENT_MS_MAX)).toBe(true);
});

test("one answer to one worker is enough for the whole run", () => {
  const watch = new SilenceWatch(2);
  watch.take(0, asking, 0);
  watch.take(1, answered, 1000);
  expect(watch.take(0, asking, 10 * SILENT_MS_MAX)).toBe(false);
});
