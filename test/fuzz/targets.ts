// All fuzz targets.

import type { Target } from "./target.ts";
import { api } from "./targets/api.ts";
import { concealed } from "./targets/conceal.ts";
import { configuration } from "./targets/configuration.ts";
import { dns } from "./targets/dns.ts";
import { header } from "./targets/header.ts";
import { listener } from "./targets/listener.ts";
import { mailbox } from "./targets/mailbox.ts";
import { messageId } from "./targets/message-id.ts";
import { minted } from "./targets/minted.ts";
import { minter } from "./targets/minter.ts";
import { smtpReply } from "./targets/reply.ts";
import { report } from "./targets/report.ts";
import { returned } from "./targets/returned.ts";
import { tag } from "./targets/tag.ts";
import { token } from "./targets/token.ts";
import { transparency } from "./targets/transparency.ts";
import { webhook } from "./targets/webhook.ts";
import { workerAnswer } from "./targets/worker-answer.ts";

export const TARGETS: readonly Target[] = [
  mailbox,
  tag,
  minted,
  messageId,
  report,
  token,
  configuration,
  webhook,
  dns,
  smtpReply,
  transparency,
  header,
  workerAnswer,
  minter,
  concealed,
  returned,
  api,
  listener,
];
