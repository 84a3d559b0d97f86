// Reports in words. The sentences are those that mail servers write; all else is made up.

import { describe, expect, test } from "vitest";
import { COPY, message, ORIGINAL_ID, readOne, recipientsOf, report, words } from "./fixtures.ts";

const BOB = ["bob@example.org"];
const BOTH = ["bob@example.org", "carol@example.org"];

/** What the software is called, its text (ours but for the phrases), and who is meant. */
const REPORTS: readonly (readonly [string, string, readonly string[]])[] = [
  [
    "qmail",
    "Hi. This is the qmail-send program at mail.example.net.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up.\n\n<bob@example.org>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 no such user <robert@mail.example.org>\n\n--- Below this line is a copy of the message.\n\nReceived: by x\nTo: eve@example.net\n",
    BOB,
  ],
  [
    "Exim",
    "A message that you sent could not be delivered to one or more of its\nrecipients. The following address(es) failed:\n\n  bob@example.org\n    host mx.example.org [192.0.2.1]: 550 unknown user\n  carol@example.org\n    unrouteable address\n\n------ This is a copy of the message, including all the headers. ------\n\nTo: eve@example.net\n",
    BOTH,
  ],
  [
    "Exim, of an address it keeps to itself",
    "A message that you sent could not be delivered to all of its recipients.\nThe following address(es) failed:\n\n  an undisclosed address\n    (generated from bob@example.org)\n",
    BOB,
  ],
  [
    "Sendmail",
    "   ----- The following addresses had permanent fatal errors -----\n<bob@example.org>\n    (reason: 550 unknown)\n\n   ----- Transcript of session follows -----\n... while talking to mx.example.org.:\n>>> RCPT To:<robert@mail.example.org>\n<<< 550 User unknown\n550 <bob@example.org>... User unknown\n\n   ----- Original message follows -----\n\nTo: eve@example.net\n",
    BOB,
  ],
  [
    "Sendmail 5, whose transcript is all there is",
    "   ----- Transcript of session follows -----\nWhile talking to mx.example.org:\n>>> MAIL From:<alice@example.com>\n<<< 250 ok\n>>> RCPT To:<bob@example.org>\n<<< 550 User unknown\n554 <carol@example.org>... 550 Host unknown\n\n   ----- Unsent message follows -----\nFrom: alice@example.com\nTo: eve@example.net\n",
    BOTH,
  ],
  [
    "Postfix",
    'This is the Postfix program at host mail.example.net.\n\nI\'m sorry to have to inform you that your message could not\nbe delivered to one or more recipients.\n\n<bob@example.org> (expanded from <all@example.org>): unknown user: "bob"\n',
    BOB,
  ],
  [
    "Exchange 5.5",
    "Your message\n\n  To:      eve@example.net\n  Subject: Minutes\n\ndid not reach the following recipient(s):\n\nbob@example.org on Tue, 24 Nov 2026\n    The recipient name is not recognized\n",
    BOB,
  ],
  [
    "Exchange 5.5, of an X.400 address",
    "did not reach the following recipient(s):\n\nc=US;a= ;p=Example;o=Site;dda:SMTP=bob@example.org; on Tue, 24 Nov 2026\n    The recipient name is not recognized\n",
    BOB,
  ],
  [
    "Netscape",
    "This Message was undeliverable due to the following reason:\n\nNo such users:\n<bob@example.org>, <carol@example.org>\n\nPlease reply to <help@example.org>\nif you feel this message to be in error.\n",
    BOTH,
  ],
  [
    "Exchange 2007",
    "Delivery has failed to these recipients or distribution lists:\n\nbob@example.org<mailto:bob@example.org>\nThe recipient's mailbox is full.\n\nOriginal message headers:\n\nReceived: from x\nTo: eve@example.net\n",
    BOB,
  ],
  [
    "Domino",
    "Your message\n\n  Subject: Minutes\n\nwas not delivered to:\n\n  bob@example.org\n\nbecause:\n\n  User bob (bob@example.org) not listed in Domino Directory\n",
    BOB,
  ],
  [
    "Notes",
    "------- Failure Reasons  --------\n\nUser not listed\nbob@example.org\n\n------- Returned Message --------\n",
    BOB,
  ],
  [
    "Gmail of old",
    "Delivery to the following recipient failed permanently:\n\n     bob@example.org\n\nTechnical details of permanent failure:\nThe error that the other server returned was: 550 5.1.1 no user\n\n----- Original message -----\n\nTo: eve@example.net\n",
    BOB,
  ],
  [
    "Google Workspace",
    "** Address not found **\n\nYour message wasn't delivered to bob@example.org because the address couldn't be found.\n",
    BOB,
  ],
  [
    "Yahoo",
    "Message from example.net.\nUnable to deliver message to the following address(es).\n\n<bob@example.org>:\nThis user doesn't have an account (bob@example.org) [0]\n\n<carol@example.org>:\nOver quota\n\n--- Original message follows.\n\nTo: eve@example.net\n",
    BOTH,
  ],
  [
    "GMX",
    'The following address failed:\n\n"bob@example.org":\nSMTP error from remote server after RCPT command:\n\n--- The header of the original message is following. ---\n',
    BOB,
  ],
  ["IMail", "Unknown user: bob@example.org\n\nOriginal message follows.\n\nTo: eve@example.net\n", BOB],
  [
    "IMail, after some attempts",
    "Delivery failed 20 attempts: bob@example.org\n\nOriginal message follows.\n",
    BOB,
  ],
  [
    "James",
    "Error: Invalid user address\n\nError message below:\n550 no such user here\n\nMessage details:\n  MAIL FROM: alice@example.com\n  RCPT TO: bob@example.org\n  From: alice@example.com\n",
    BOB,
  ],
  [
    "OpenSMTPD",
    "    An error has occurred while attempting to deliver a message for\n    the following list of recipients:\n\nbob@example.org: 550 5.1.1 no user\n\n    Below is a copy of the original message:\n\nTo: eve@example.net\n",
    BOB,
  ],
  [
    "DragonFly",
    "There was an error delivering your mail to <bob@example.org>.\n\nmx.example.org did not like our final DATA:\n550 no\n\nMessage headers follow.\n\nTo: eve@example.net\n",
    BOB,
  ],
  [
    "MDaemon",
    "The attached message had PERMANENT fatal delivery errors!\n\nFailed address: bob@example.org\n\n--- Session Transcript ---\n 1: <-- 550 no\n--- End Transcript ---\n",
    BOB,
  ],
  [
    "Courier",
    "UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<bob@example.org>:\n     mx.example.org [192.0.2.1]:\n     >>> RCPT TO:<robert@mail.example.org>\n     <<< 550 5.1.1 no\n",
    BOB,
  ],
  [
    "CommuniGate",
    "Failed to deliver to 'bob@example.org'\nLOCAL module(account bob) reports:\n account is full (quota exceeded)\n",
    BOB,
  ],
  [
    "KDDI",
    "Your mail sent on: Thu, 29 Apr 2027\n    Could not be delivered to: <bob@example.org>\n    As their mailbox is full.\n",
    BOB,
  ],
  [
    "MailMarshal",
    "Your message:\n   From:    alice@example.com\n   Subject: Minutes\n\nCould not be delivered because of\n\n550 5.1.1 User unknown\n\nThe following recipients were affected:\n    bob@example.org\n\nOriginal Sender:    <alice@example.com>\n",
    BOB,
  ],
  [
    "Sun's messaging server",
    "This report relates to a message you sent with the following header fields:\n\n  Message-id: <1@example.com>\n  From: alice@example.com\n  To: eve@example.net\n\nYour message cannot be delivered to the following recipients:\n\n  Recipient address: bob@example.org\n  Reason: disk quota\n",
    BOB,
  ],
  [
    "McAfee",
    "    --- The following addresses had delivery problems ---\n\n<bob@example.org>   (Unknown user)\n",
    BOB,
  ],
  ["Mail2000", "---The following addresses had delivery errors---\n\nbob@example.org [User unknown]\n", BOB],
  [
    "Activehunter",
    "  ----- The following addresses had permanent fatal errors -----\n\n>>> bob@example.org <bob@example.org>\n",
    BOB,
  ],
  ["InterScan", "Sent <<< RCPT TO:<bob@example.org>\nReceived >>> 550 5.1.1 user unknown.\n", BOB],
  [
    "Zoho",
    "could not be delivered to one or more of its recipients.\n\nbob@example.org Invalid Address, ERROR_CODE :550\n",
    BOB,
  ],
  [
    "SendGrid",
    "your message was not able to be\ndelivered to one of its intended recipients.\n\n1:<bob@example.org> : 192.0.2.1 : 554 no\n",
    BOB,
  ],
  ["Dovecot", "Your message to <bob@example.org> was automatically rejected:\nQuota exceeded\n", BOB],
  [
    "Barracuda",
    "Your message to: bob@example.org\nwas blocked by our Spam Firewall. It has NOT BEEN DELIVERED\n",
    BOB,
  ],
  [
    "au",
    "Each of the following recipients was rejected by a remote\nmail server.\n\n    Recipient: <bob@example.org>\n    >>> RCPT TO:<bob@example.org>\n    <<< 550 User unknown\n",
    BOB,
  ],
  [
    "au, in Japanese",
    "次のあて先へのメッセージはエラーのため送信できませんでした。\n\n<bob@example.org>\n",
    BOB,
  ],
  [
    "m-FILTER",
    "以下のメールアドレスへの送信に失敗しました。\nbob@example.org\n\n-------server message\n550 unknown user\n\n-------original message\nReceived: x\n",
    BOB,
  ],
  ["T-Online", "Ihre Nachricht konnte nicht zugestellt werden:\n\n  bob@example.org\n", BOB],
  ["Orange", "Votre message n'a pas pu être remis à :\n\n  bob@example.org\n", BOB],
  [
    "Exchange in German",
    "Der/Die folgende(n) Empfänger kann/können nicht erreicht werden:\n\n'bob@example.org' am 24.11.2026 22:36\n    550 5.1.1 nein\n",
    BOB,
  ],
  [
    "Exchange in French",
    "Échec de la remise pour ces destinataires ou groupes :\n\nbob@example.org<mailto:bob@example.org>\nL'adresse est introuvable.\n",
    BOB,
  ],
  ["mail.ru", "Сообщение не может быть доставлено:\n\n  bob@example.org\n", BOB],
];

test.each(REPORTS)("%s tells its recipients", async (_, text, recipients) => {
  const octets = words(text, { "Content-Type": "text/plain; charset=utf-8" });
  expect(await recipientsOf(octets)).toEqual(recipients);
  expect((await recipientsOf(octets)).length).toBe(recipients.length);
});

const LIST = "The following address failed:\n\n  bob@example.org\n    550 5.1.1 unknown user\n";

test("a finding has its reason, status and class", async () => {
  expect(await readOne(words(`${LIST}\n--- copy of the message\n\n${COPY}\n`))).toEqual({
    kind: "failed",
    recipient: "bob@example.org",
    action: null,
    status: "5.1.1",
    class: "hard",
    diagnostic: "550 5.1.1 unknown user",
    reportingMta: null,
    messageId: ORIGINAL_ID,
    source: "text",
  });
});

test("a status elsewhere in the report is the recipient's, where it has none of its own", async () => {
  const text =
    "It could not be delivered to:\n-- bob@example.org\n\nAdditional information:\n-- 4.4.4 server error\n";
  expect(await readOne(words(text))).toMatchObject({ status: "4.4.4", class: "soft" });
});

test("a footer about viruses makes no block of it", async () => {
  const text =
    "The user is unknown.\n\nIt could not be delivered to:\n\n  bob@example.org\n\n____\nScanned for viruses.\n";
  expect(await readOne(words(text))).toMatchObject({ class: "hard" });
});

test("X-Failed-Recipients names them, the text gives the reasons", async () => {
  const octets = words(LIST, { "X-Failed-Recipients": "bob@example.org,\n carol@example.org" });
  expect(await recipientsOf(octets)).toEqual(BOTH);
  expect(await readOne(words(LIST, { "X-Failed-Recipients": "bob@example.org" }))).toMatchObject({
    status: "5.1.1",
    class: "hard",
    source: "header",
  });
});

test("a text in HTML is read", async () => {
  const html =
    "<p>Delivery to these recipients failed:</p><a href='mailto:bob@example.org'>bob@example.org</a><br>550 no";
  expect(await readOne(words(html, { "Content-Type": "text/html" }))).toMatchObject({
    recipient: "bob@example.org",
    diagnostic: "550 no",
  });
  const careless = "<p>Delivery failed:</p><b>For</b> <bob@example.org>&nbsp;&lt;&#53;50&gt;";
  expect(await recipientsOf(words(careless, { "Content-Type": "text/html" }))).toEqual(BOB);
});

test("a line ruled off says more than that the copy follows", async () => {
  const text = "****  YOUR MESSAGE WAS NOT DELIVERED TO ONE OF ITS RECIPIENTS  ****\n\n  bob@example.org\n";
  expect(await recipientsOf(words(`Hello.\n${text}`))).toEqual(BOB);
});

test("the copy's header in an HTML text is no part of the report", async () => {
  const html = `<p>Delivery failed:</p>For <b>bob@example.org</b><pre>\n${COPY.replaceAll("<", "&lt;")}\n</pre>`;
  expect(await readOne(words(html, { "Content-Type": "text/html" }))).toMatchObject({
    recipient: "bob@example.org",
    messageId: ORIGINAL_ID,
  });
});

describe("a delay is told from a failure", () => {
  test.each([
    "A message that you sent has not yet been delivered to all its recipients:\n\n  bob@example.org\n\nDelivery attempts will continue.",
    "**  THIS IS A WARNING MESSAGE ONLY  **\nCould not send message for past 4 hours\n\n<bob@example.org>",
    "This is just a warning, you do not need to take any action.\n\nYour message to:\n  bob@example.org\nhas been postponed.",
    "Your message is delayed:\n\nbob@example.org\n\nIt will be retried for 2 more days.",
    "The mail system has not delivered it yet.\n\n<bob@example.org>\n\nYou do not need to resend it.",
  ])("in %j", async (text) => {
    expect(await readOne(words(text))).toMatchObject({
      kind: "delayed",
      class: "soft",
      ...{ recipient: BOB[0] },
    });
  });

  test("but the last attempt is a failure", async () => {
    const text = "Delivery has been delayed and failed permanently:\n\n<bob@example.org>\n\nI'm giving up.";
    expect(await readOne(words(text))).toMatchObject({ kind: "failed" });
  });
});

describe("where the words name nobody", () => {
  const nameless = "One of the recipients could not be reached.\n";

  test.each(["To", "Envelope-To", "X-Envelope-To"])("the copy's only %s is the recipient", async (field) => {
    const copy = COPY.replace("To: Bob <bob@example.org>", `${field}: <bob@example.org>`);
    expect(await recipientsOf(report({ text: nameless, status: "", copy }))).toEqual(BOB);
    expect(await recipientsOf(words(`${nameless}\n--- Original message ---\n${copy}\n`))).toEqual(BOB);
  });

  test("the envelope's recipient comes before the header's", async () => {
    const copy = `Envelope-To: bob@example.org\n${COPY.replace("bob@", "team@")}`;
    expect(await recipientsOf(report({ text: nameless, status: "", copy }))).toEqual(BOB);
  });

  test("two recipients are none: it failed, for whom is unknown", async () => {
    const copy = COPY.replace("<bob@example.org>", "<bob@example.org>, carol@example.org");
    expect(await readOne(report({ text: nameless, status: "", copy }))).toMatchObject({
      kind: "failed",
      recipient: null,
      messageId: ORIGINAL_ID,
      source: "text",
    });
  });

  test("a mailing list's address is no recipient, a newsletter's is", async () => {
    const listed = (field: string) => report({ text: nameless, status: "", copy: `${COPY}\n${field}` });
    expect(await recipientsOf(listed("List-Post: <mailto:bob@example.org>"))).toEqual([null]);
    expect(await recipientsOf(listed("List-Id: <minutes.example.com>"))).toEqual(BOB);
  });
});

describe("no recipient is", () => {
  test.each([
    ["whoever the report is from", "It could not be delivered.\n\nMAILER-DAEMON@mail.example.net\n"],
    ["whoever wrote the message", "Mail from alice@example.com could not be delivered.\n"],
    ["whoever can help", "It could not be delivered. Please contact bob@example.org.\n"],
    [
      "a postmaster in a sentence",
      "It could not be delivered. The address postmaster@example.org answers.\n",
    ],
    ["a name without a domain", "It could not be delivered to bob@localhost.\n"],
    [
      "an address in the copy",
      "It could not be delivered.\n\n--- Original message ---\n\ncarol@example.org\n",
    ],
  ])("%s", async (_, text) => {
    expect(await recipientsOf(words(text))).toEqual([null]);
  });
});

describe("of a person's letter", () => {
  const letter = (text: string) =>
    message({ From: "Bob <bob@example.org>", To: "alice@example.com", Subject: "Re: Minutes" }, text);

  test.each([
    "I read it on Tuesday.\n",
    "I could not reach carol@example.org.\n",
    "Mail to carol@example.org is delayed.\n",
  ])("%j is no failure", async (text) => {
    expect(await readOne(letter(text))).toMatchObject({ kind: "unparsed", recipient: null, source: null });
  });

  test("all is believed where a message comes back with it", async () => {
    const octets = letter(
      `It could not be delivered to: carol@example.org\n\n--- Original message ---\n\n${COPY}\n`,
    );
    expect(await recipientsOf(octets)).toEqual(["carol@example.org"]);
  });

  test("a list of recipients is believed: some gateways write as nobody in particular", async () => {
    expect(await recipientsOf(letter("It was not delivered to:\n\n  carol@example.org\n"))).toEqual([
      "carol@example.org",
    ]);
  });
});
