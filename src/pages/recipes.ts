// How to send with a minted address, by what sends; in short, the README has each at length.

export interface Recipe {
  readonly name: string;
  readonly note: string;
  readonly text?: string;
}

/**
 * @param origin of this deployment
 * @param address a sender of the domain
 */
export function recipes(origin: string, address: string): readonly Recipe[] {
  return [
    {
      name: "Nodemailer",
      note: "The client is src/client/countersign.ts, one file to be copied.",
      text: `const countersign = new Countersign({ url: "${origin}", token: process.env.COUNTERSIGN_TOKEN });
const { reversePath, messageId } = await countersign.mint("${address}");
await smtp.sendMail({
  envelope: { from: reversePath, to },
  messageId,
  from: "${address}", to, subject, text,
});`,
    },
    {
      name: "Python",
      note: "With the standard library alone.",
      text: `request = Request("${origin}/v1/addresses", json.dumps({"address": "${address}"}).encode(),
    {"Authorization": "Bearer " + os.environ["COUNTERSIGN_TOKEN"], "Content-Type": "application/json"})
with urlopen(request, timeout=30) as answer:
    minted = json.load(answer)
message["Message-ID"] = minted["messageId"]
smtp.send_message(message, from_addr=minted["reversePath"])`,
    },
    {
      name: "Postfix",
      note: "And whatever else speaks SMTP: through the relay, npm run relay. The README says how, and what becomes of its own bounces.",
      text: "relayhost = [127.0.0.1]:2587",
    },
    {
      name: "Exim",
      note: "It signs by itself, with a key that you bring along here (POST …/keys). The README has the rest, for tagged senders and its own bounces.",
      text: `remote_smtp:
  driver = smtp
  return_path = \${if def:return_path {\${prvs{\${lc:$return_path}}{SECRET}{NUMBER}}}}`,
    },
    {
      name: "Amazon SES",
      note: "Its envelope stays its own. It forwards feedback to ReturnPath: set that to the reverse-path.",
    },
  ];
}
