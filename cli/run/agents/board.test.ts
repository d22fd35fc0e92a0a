import { describe, expect, test } from "vitest";
import { AgentsKey } from "./agents-key.ts";
import { Board, BoardWriter } from "./board.ts";
import { memoryEtcd } from "./memory-etcd.testing.ts";
import { RendezvousError } from "./rendezvous-error.ts";

const PREFIX = "provlab/runs/1/told/";
const ours = new AgentsKey("the key of the agents");
const theirs = new AgentsKey("the key of somebody else");

function hall() {
  const { put, values, etcd } = memoryEtcd();
  const said: string[] = [];
  const access = { etcd, key: ours, say: (text: string) => said.push(text) };
  return { put, values, said, access, writer: new BoardWriter(access, PREFIX, 1) };
}

test("what one side writes the other one reads, before and after it opened the board", async () => {
  const { access, writer, said } = hall();
  await writer.put("order", "3");
  const board = await Board.open(access, PREFIX);
  expect(String(await board.wait("order"))).toBe("3");
  const later = board.wait("close");
  await writer.put("close", "");
  expect(String(await later)).toBe("");
  expect([board.forged, said]).toEqual([0, []]);
});

test("what is not sealed with the key, or for another name, is not there", async () => {
  const { access, put, values, writer, said } = hall();
  put(`${PREFIX}plain`, Buffer.from("1"));
  const board = await Board.open(access, PREFIX);
  const news: string[] = [];
  board.onPut = (name) => news.push(name);
  put(`${PREFIX}theirs`, theirs.seal(`${PREFIX}theirs`, Buffer.from("1")));
  await writer.put("start/0", "1");
  // A recording of an earlier message, and of the same message of another run.
  put(`${PREFIX}start/1`, values.get(`${PREFIX}start/0`)!);
  put(`${PREFIX}close`, ours.seal("provlab/runs/0/told/close", Buffer.alloc(0)));
  expect(news).toEqual(["start/0"]);
  expect([...board.entries.keys()]).toEqual(["start/0"]);
  expect(board.forged).toBe(4);
  expect(said).toEqual([`below ${PREFIX} etcd has what our --agents-key did not seal: ignored`]);
});

describe("long values", () => {
  const bytes = Buffer.alloc(2_500_000, 7);

  test("come in pieces", async () => {
    const { writer } = hall();
    const { chunks } = await writer.putBulk("order", bytes);
    expect(chunks).toBe(3);
    expect((await writer.getBulk("order", chunks)).equals(bytes)).toBe(true);
  });

  test("with more pieces than the limit has room for are not read", async () => {
    const { writer } = hall();
    await writer.putBulk("order", bytes);
    await expect(writer.getBulk("order", 3, 1 << 20)).rejects.toThrow(/is said to have 3 pieces/);
    await expect(writer.getBulk("order", 1e9)).rejects.toThrow(RendezvousError);
    await expect(writer.getBulk("order", Number.NaN)).rejects.toThrow(RendezvousError);
  });

  test("with a piece that is missing, forged, moved or too long are not read", async () => {
    const { writer, put, values } = hall();
    await writer.putBulk("order", bytes);
    const name = "provlab/runs/1/told/order/1";
    const right = values.get(name)!;
    for (const wrong of [
      theirs.seal(name, Buffer.alloc(1000)),
      values.get("provlab/runs/1/told/order/0")!,
      ours.seal(name, Buffer.alloc((1 << 20) + 1)),
    ]) {
      put(name, wrong);
      await expect(writer.getBulk("order", 3)).rejects.toThrow(/piece 1 of order is not sealed/);
    }
    values.delete(name);
    await expect(writer.getBulk("order", 3)).rejects.toThrow(/piece 1 of order is missing/);
    put(name, right);
    expect((await writer.getBulk("order", 3)).equals(bytes)).toBe(true);
  });
});
