import { describe, expect, test } from "vitest";
import { readReturned } from "../../src/returned/read-returned.ts";
import {
  COPY,
  MESSAGE_FIELDS,
  message,
  ORIGINAL_ID,
  RECIPIENT_FIELDS,
  readOne,
  recipientsOf,
  report,
  words,
} from "./fixtures.ts";

const status = (...groups: string[]) => report({ status: [MESSAGE_FIELDS, ...groups].join("\n\n") });

test("a report is read field by field", async () => {
  expect(await readOne(report())).toEqual({
    kind: "failed",
    recipient: "bob@example.org",
    action: "failed",
    status: "5.1.1",
    class: "hard",
    diagnostic: "550 5.1.1 No such user here",
    reportingMta: "mail.example.net",
    messageId: ORIGINAL_ID,
    source: "dsn",
  });
});

test.each([
  ["failed", "failed"],
  ["Failed (permanently)", "failed"],
  ["DELAYED", "delayed"],
  ["delivered", "delivered"],
  ["relayed (to a host without DSN)", "delivered"],
  ["expanded", "delivered"],
])("Action %j is of kind %s", async (action, kind) => {
  const finding = await readOne(status(RECIPIENT_FIELDS.replace("Action: failed", `Action: ${action}`)));
  expect(finding).toMatchObject({ kind, action: /[a-z]+/.exec(action.toLowerCase())?.[0] });
});

test("what is delayed is soft, whatever its status; what was delivered has no class", async () => {
  const as = (action: string) => readOne(status(RECIPIENT_FIELDS.replace("failed", action)));
  expect(await as("delayed")).toMatchObject({ class: "soft" });
  expect(await as("delivered")).toMatchObject({ class: "undetermined" });
});

test("without an action, it failed, unless its status says that it arrived", async () => {
  const as = (code: string) => readOne(status(`Final-Recipient: rfc822; bob@example.org\nStatus: ${code}`));
  expect(await as("5.0.0")).toMatchObject({ kind: "failed", action: null });
  expect(await as("2.0.0")).toMatchObject({ kind: "delivered", action: null });
});

test("each recipient is one finding, in any case", async () => {
  const group = (recipient: string) => `Final-Recipient: rfc822; ${recipient}\nAction: failed\nStatus: 5.0.0`;
  const octets = status(group("bob@example.org"), group("carol@example.org"), group("BOB@Example.ORG"));
  expect(await recipientsOf(octets)).toEqual(["bob@example.org", "carol@example.org"]);
});

test("an alias that failed in two ways is told once, by what damns it least", async () => {
  const octets = status(
    RECIPIENT_FIELDS,
    RECIPIENT_FIELDS.replaceAll("5.1.1 No such user", "5.2.2 Full"),
    RECIPIENT_FIELDS,
  );
  const findings = await readReturned(octets);
  expect(findings.map(({ recipient, class: kept }) => [recipient, kept])).toEqual([
    ["bob@example.org", "soft"],
  ]);
});

test("at most a hundred are told", async () => {
  const groups = Array.from(
    { length: 300 },
    (_, n) => `Final-Recipient: rfc822; r${n}@example.org\nAction: failed`,
  );
  expect(await recipientsOf(status(...groups))).toHaveLength(100);
});

describe("a recipient", () => {
  const read = (field: string, name = "Final-Recipient") =>
    recipientsOf(status(`${name}: ${field}\nAction: failed`));

  test.each([
    ["rfc822; Bob@Example.ORG", "Bob@example.org"],
    ["rfc822;<bob@example.org>", "bob@example.org"],
    ["RFC822 ; bob@example.org (Bob)", "bob@example.org"],
    ["bob@example.org", "bob@example.org"],
    ["unknown; bob@example.org", "bob@example.org"],
    ["rfc822; Bob Miller <bob@example.org>", "bob@example.org"],
    ['rfc822; "bob miller"@example.org', '"bob miller"@example.org'],
    ["rfc822; bob @ example.org", "bob@example.org"],
    ["rfc822; @relay.example,@mx.example:bob@example.org", "bob@example.org"],
    ["rfc822; bob@[192.0.2.1]", "bob@[192.0.2.1]"],
    ["rfc822; bob@#example.org", "bob@#example.org"],
    ["utf-8; \\x{F8}re@example.org", "øre@example.org"],
    ["utf-8; øre@bücher.example", "øre@bücher.example"],
  ])("in the field %j is %j", async (field, recipient) => {
    expect(await read(field)).toEqual([recipient]);
  });

  test("may be named by a field of another name", async () => {
    expect(await read("rfc822; bob@example.org", "Original-Recipient")).toEqual(["bob@example.org"]);
    expect(await read("rfc822; bob@example.org", "X-Actual-Recipient")).toEqual(["bob@example.org"]);
  });

  test("is the final one, unless only the original one is known outside", async () => {
    const both = (final: string) =>
      recipientsOf(
        status(`Original-Recipient: rfc822; bob@example.org\nFinal-Recipient: ${final}\nAction: failed`),
      );
    expect(await both("rfc822; robert@mail.example.org")).toEqual(["robert@mail.example.org"]);
    expect(await both("rfc822; bob@mailhost")).toEqual(["bob@example.org"]);
    expect(await both("x400; /S=bob/C=se/")).toEqual(["bob@example.org"]);
  });

  test("that is no address sends the reader on to the words", async () => {
    const octets = report({
      text: "Your message could not be delivered to:\n\n  bob@example.org\n",
      status: `${MESSAGE_FIELDS}\n\nFinal-Recipient: x400; /S=bob/C=se/\nAction: failed`,
    });
    expect(await readOne(octets)).toMatchObject({ recipient: "bob@example.org", source: "text" });
  });
});

describe("fields are understood", () => {
  test("with an empty line too many", async () => {
    const torn = RECIPIENT_FIELDS.replace("\nAction", "\n\nAction");
    expect(await readOne(status(torn))).toMatchObject({ action: "failed", status: "5.1.1" });
  });

  test("without the empty line between recipients", async () => {
    const octets = status(`${RECIPIENT_FIELDS}\n${RECIPIENT_FIELDS.replace("bob", "carol")}`);
    expect(await recipientsOf(octets)).toEqual(["bob@example.org", "carol@example.org"]);
  });

  test("folded", async () => {
    const folded = RECIPIENT_FIELDS.replace("No such", "No\n\tsuch");
    expect(await readOne(status(folded))).toMatchObject({ diagnostic: "550 5.1.1 No such user here" });
  });

  test("with the further lines of a reply not indented", async () => {
    const cut = RECIPIENT_FIELDS.replace("No such user here", "No such user\n550 5.1.1 here");
    expect(await readOne(status(cut))).toMatchObject({ diagnostic: "550 5.1.1 No such user 550 5.1.1 here" });
  });

  test("with a comment behind the status", async () => {
    const commented = RECIPIENT_FIELDS.replace("5.1.1", "5.2.2 (mailbox full)");
    expect(await readOne(status(commented))).toMatchObject({ status: "5.2.2" });
  });

  test.each([
    "message/global-delivery-status",
    "message/xdelivery-status",
    "Message/Delivery-Status; name=x",
  ])("in a part of type %s", async (type) => {
    expect(await readOne(report({ type }))).toMatchObject({ recipient: "bob@example.org", source: "dsn" });
  });

  test.each(["text/plain", "text/x-status", "message/x-unheard-of"])(
    "inline in a part of type %s",
    async (type) => {
      expect(await readOne(report({ type }))).toMatchObject({
        recipient: "bob@example.org",
        source: "inline",
      });
    },
  );

  test("inline in the text, quoted and with the copy below", async () => {
    const quoted = RECIPIENT_FIELDS.replaceAll(/^/gm, "> ");
    const finding = await readOne(words(`It failed.\n\n${quoted}\n\n--- Original message\n\n${COPY}\n`));
    expect(finding).toMatchObject({ recipient: "bob@example.org", messageId: ORIGINAL_ID, source: "inline" });
  });

  test("in a report that another one encloses", async () => {
    const inner = new TextDecoder()
      .decode(report())
      .replaceAll("--b", "--c")
      .replace("boundary=b", "boundary=c");
    const octets = report({ text: "The following failed:", type: "text/plain", status: "", copy: inner });
    expect(await readOne(octets)).toMatchObject({
      recipient: "bob@example.org",
      status: "5.1.1",
      source: "inline",
    });
  });
});

describe("what the fields leave out", () => {
  const bare = RECIPIENT_FIELDS.split("\n").slice(0, 2).join("\n");

  test("the words tell: the diagnostic, its status and the class", async () => {
    const text = "Delivery failed:\n\n  bob@example.org\n    550 5.1.1 We know no such user\n";
    expect(await readOne(report({ text, status: bare }))).toMatchObject({
      status: "5.1.1",
      diagnostic: "550 5.1.1 We know no such user",
      class: "hard",
    });
  });

  test("all of the words may tell it of the only recipient", async () => {
    const text = "The message was refused by the recipient's mail filter.\nToo many minutes.";
    expect(await readOne(report({ text, status: bare }))).toMatchObject({
      class: "block",
      diagnostic: "The message was refused by the recipient's mail filter. Too many minutes.",
    });
  });

  test("a reply that was cut after its first line is completed from the transcript", async () => {
    const code = "Diagnostic-Code: smtp; 550-5.7.26 It is neither";
    const text =
      "<<< 550-5.7.26 It is neither\n<<< 550-5.7.26 signed\n<<< 550 5.7.26 nor sealed.\n<<< 554 5.5.1 Error\n";
    expect(await readOne(report({ text, status: `${bare}\n${code}` }))).toMatchObject({
      diagnostic: "550-5.7.26 It is neither 550-5.7.26 signed 550 5.7.26 nor sealed.",
    });
  });

  test("stays unknown where nothing tells", async () => {
    expect(await readOne(report({ text: "Sorry.", status: bare }))).toMatchObject({
      status: null,
      diagnostic: null,
      class: "undetermined",
    });
  });
});

describe("the Message-ID of what came back is read", () => {
  test.each(["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"])(
    "from a part of type %s",
    async (copyType) => {
      expect(await readOne(report({ copyType }))).toMatchObject({ messageId: ORIGINAL_ID });
    },
  );

  test("from its folded header field", async () => {
    const copy = COPY.replace("Message-ID: ", "Message-ID:\n ");
    expect(await readOne(report({ copy }))).toMatchObject({ messageId: ORIGINAL_ID });
  });

  test("from the report's own field before any other", async () => {
    const status = `${MESSAGE_FIELDS}\nX-Original-Message-ID: <first@example.com>\n\n${RECIPIENT_FIELDS}`;
    expect(await readOne(report({ status }))).toMatchObject({ messageId: "<first@example.com>" });
  });

  test("from what the report answers, where nothing came back", async () => {
    const fields = { "In-Reply-To": ORIGINAL_ID };
    expect(await readOne(report({ copyType: "text/plain", copy: "", fields }))).toMatchObject({
      messageId: ORIGINAL_ID,
    });
  });
});

test("a message cut in the middle of a part is read as far as it goes", async () => {
  const octets = report();
  const text = new TextDecoder().decode(octets);
  const [finding] = await readReturned(octets.subarray(0, text.indexOf("Subject: Minutes of")));
  expect(finding).toMatchObject({ recipient: "bob@example.org", status: "5.1.1", source: "dsn" });
});

test("only the first 64 KiB are looked at", async () => {
  const octets = report({ text: "x".repeat(70).concat("\n").repeat(1000) });
  expect(await readOne(octets)).toMatchObject({ kind: "unparsed", source: null });
});

test("a multipart without a boundary is read as the text that it is", async () => {
  const octets = message(
    { From: "MAILER-DAEMON@mail.example.net", "Content-Type": "multipart/report" },
    `${MESSAGE_FIELDS}\n\n${RECIPIENT_FIELDS}\n`,
  );
  expect(await readOne(octets)).toMatchObject({ recipient: "bob@example.org", source: "inline" });
});
