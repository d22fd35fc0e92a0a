import { expect, test } from "vitest";
import { emptyCounters } from "../../../simulator/measure/recorder.ts";
import { exchangeColumnsOf } from "./exchange-columns.ts";

const counted = (sent: number, completed: number) => ({ ...emptyCounters(), sent, completed });

test("a run of discovers and renewals has no column more", () => {
  const exchanges = { discover: counted(5, 4), renew: counted(3, 3) };
  expect(exchangeColumnsOf([{ exchanges }, { exchanges: {} }])).toEqual([{}, {}]);
});

test("an exchange of some second is in every row", () => {
  const rows = exchangeColumnsOf([
    { exchanges: { rebind: counted(2, 1), boot: counted(7, 0) } },
    { exchanges: { release: counted(4, 4) } },
    { exchanges: { reboot: counted(9, 8), download: counted(1, 1) } },
  ]);
  const none = {
    ...{ rebindSent: 0, rebindCompleted: 0, rebootSent: 0, rebootCompleted: 0 },
    ...{ releaseSent: 0, bootsSent: 0, downloadsSent: 0 },
  };
  expect(rows).toEqual([
    { ...none, rebindSent: 2, rebindCompleted: 1, bootsSent: 7 },
    { ...none, releaseSent: 4 },
    { ...none, rebootSent: 9, rebootCompleted: 8, downloadsSent: 1 },
  ]);
});
