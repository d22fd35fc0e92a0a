import { expect, test } from "vitest";
import { AssertionError } from "../../../base/assert.ts";
import { SharedPairState } from "../../mandate/shared-pair-state.ts";
import { DataPlanePulse } from "../watchdog.ts";
import { type MandateSource, SharedDataPlane } from "./shared-data-plane.ts";

function makePlane() {
  const pairState = new SharedPairState();
  const asked: { readonly epoch: number; readonly answer: (holds: boolean) => void }[] = [];
  const told = { wakes: 0 };
  const leadership: MandateSource = {
    termOf: (epoch) => (epoch === 9 ? undefined : 1000 + epoch),
    confirm: (epoch) => new Promise((answer) => asked.push({ epoch, answer })),
  };
  const plane = new SharedDataPlane(pairState, new DataPlanePulse(), leadership, () => {
    told.wakes += 1;
  });
  return { plane, pairState, asked, told };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a mandate is given with its term and taken back, and the loop is woken each time", () => {
  const { plane, pairState, told } = makePlane();
  plane.startAnswering(4);
  expect(pairState.mandate).toEqual({ epoch: 4, term: 1004 });
  expect(plane.isAnswering).toBe(false);
  pairState.answeringEpoch = 4;
  expect(plane.isAnswering).toBe(true);
  plane.stopAnswering();
  expect(pairState.mandate).toBeUndefined();
  // It answers until its loop says that it does not.
  expect(plane.isAnswering).toBe(true);
  expect(told.wakes).toBe(2);
  expect(() => plane.startAnswering(9)).toThrow(AssertionError);
});

test("a suspicion is confirmed by the store alone, asked once at a time and after it was raised", async () => {
  const { plane, pairState, asked } = makePlane();
  plane.turn();
  pairState.suspect();
  plane.turn();
  // Without a mandate there is nothing to confirm.
  expect(asked).toEqual([]);
  expect(plane.isSuspect).toBe(false);
  plane.startAnswering(4);
  expect(plane.isSuspect).toBe(true);
  plane.turn();
  plane.turn();
  expect(asked.map(({ epoch }) => epoch)).toEqual([4]);

  // The next one is raised while the store is asked about the first.
  pairState.suspect();
  asked[0].answer(true);
  await settled();
  expect(pairState.isSuspect).toBe(true);
  plane.turn();
  asked[1].answer(true);
  await settled();
  expect(pairState.isSuspect).toBe(false);
  expect(plane.isSuspect).toBe(false);
});

test("no, and an answer about another epoch, confirm nothing", async () => {
  const { plane, pairState, asked } = makePlane();
  plane.startAnswering(4);
  pairState.suspect();
  plane.turn();
  asked[0].answer(false);
  await settled();
  expect(pairState.isSuspect).toBe(true);
  plane.turn();
  plane.startAnswering(5);
  asked[1].answer(true);
  await settled();
  expect(pairState.isSuspect).toBe(true);
});
