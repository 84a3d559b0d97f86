// A message on its way over a real socket, where either side breaks off or is slow: no part of it is taken for all of it, and it
// is never all in memory.

import { setTimeout } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { Connection, ConnectionError } from "../../src/smtp/connection.ts";
import { type Scripted, type ScriptedServer, startScripted } from "./scripted-server.ts";

const LINE = `${"x".repeat(76)}\r\n`;
const CHUNK = Buffer.from(LINE.repeat(840));

let server: ScriptedServer;
let connection: Connection;
afterEach(async () => {
  connection.destroy();
  await server.close();
});

/** Connects, and has said DATA. */
async function openData(script: Scripted): Promise<void> {
  server = await startScripted(script);
  connection = await Connection.open(
    { host: "127.0.0.1", port: server.port, tls: "none", credentials: null },
    "app.example.com",
  );
  await connection.ask("DATA");
}

/** So many chunks, and how many of them were asked for. */
function source(count: number): AsyncIterable<Uint8Array> & { given: number } {
  return {
    given: 0,
    async *[Symbol.asyncIterator]() {
      for (; this.given < count; this.given++) yield Buffer.from(CHUNK);
    },
  };
}

test("a message arrives line by line, and its answer is the server's", async () => {
  await openData({});
  const reply = await connection.sendMessage(
    (async function* () {
      yield Buffer.from(".a\n");
      yield Buffer.from("b");
    })(),
  );
  expect(reply).toMatchObject({ code: 250, text: "Taken" });
  expect(server.lines.slice(2)).toEqual(["..a", "b", "."]);
  expect(connection.isOpen).toBe(true);
});

describe("a source that fails midway", () => {
  test.each(["a\r\n", "a", "a\r\n.", ""])(
    "after %j leaves no end of the message, and no connection",
    async (part) => {
      await openData({});
      const failing = (async function* () {
        yield Buffer.from(part);
        await setTimeout(20);
        throw new Error("The client has gone.");
      })();
      await expect(connection.sendMessage(failing)).rejects.toThrow("The client has gone.");
      expect(connection.isOpen).toBe(false);
      await setTimeout(50);
      expect(server.lines).not.toContain(".");
    },
  );
});

describe("a server that answers before the end of the message", () => {
  /** Says it to the first line of the message. */
  const saying = (text: string): Scripted => {
    let isSaid = false;
    return {
      hear: (line) => {
        if (isSaid || !line.startsWith("x")) return undefined;
        isSaid = true;
        return text;
      },
    };
  };

  test("with a 552 has it handed on, the source is read to its end, and no end is sent", async () => {
    await openData(saying("552 5.3.4 Too large\r\n"));
    const chunks = source(200);
    expect(await connection.sendMessage(chunks)).toMatchObject({ code: 552, text: "5.3.4 Too large" });
    expect(chunks.given).toBe(200);
    expect(server.lines).not.toContain(".");
    expect(connection.isOpen).toBe(false);
  });

  test("with a 552, and hangs up, has it handed on", async () => {
    await openData({
      hear: (line, socket) => {
        if (line.startsWith("x")) socket.end("552 5.3.4 Too large\r\n");
        return undefined;
      },
    });
    expect(await connection.sendMessage(source(200))).toMatchObject({ code: 552 });
  });

  test("with a 552, and reads no further, has it handed on at once", async () => {
    await openData({
      hear: (line, socket) => {
        if (!line.startsWith("x") || socket.isPaused()) return undefined;
        socket.pause();
        return "552 5.3.4 Too large\r\n";
      },
    });
    const started = performance.now();
    expect(await connection.sendMessage(source(800))).toMatchObject({ code: 552 });
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test("with a 250 has not taken it", async () => {
    await openData(saying("250 2.0.0 Taken\r\n"));
    const slow = (async function* () {
      yield CHUNK;
      await setTimeout(50);
      yield CHUNK;
    })();
    await expect(connection.sendMessage(slow)).rejects.toThrow(
      new ConnectionError("It accepted a message before its end."),
    );
    expect(server.lines).not.toContain(".");
  });
});

test("a slow server is waited for: of 200 MB nearly nothing is in memory", async () => {
  let octets = 0;
  let isHeld = false;
  await openData({
    hear: (line, socket) => {
      octets += line.length + 2;
      server.lines.length = 0;
      if (isHeld || !line.startsWith("x")) return undefined;
      isHeld = true;
      socket.pause();
      return undefined;
    },
  });
  const chunks = source(Math.ceil(200e6 / CHUNK.length));
  const before = process.memoryUsage().rss;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss - before);
  }, 20);
  const sending = connection.sendMessage(chunks);
  await setTimeout(1000);
  expect(chunks.given * CHUNK.length).toBeLessThan(20e6);
  server.resume();
  expect(await sending).toMatchObject({ code: 250 });
  clearInterval(watch);
  expect(octets).toBeGreaterThan(200e6);
  expect(most).toBeLessThan(100e6);
}, 60_000);
