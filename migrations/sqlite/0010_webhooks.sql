-- Addresses of machine users that are told of the events of their user, and what was told to them.
-- No secret stands here: it is derived from the platform's secret, the webhook and the generation.
CREATE TABLE webhooks (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  url TEXT NOT NULL,
  description TEXT,
  state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'disabled')),
  reason TEXT,
  generation INTEGER NOT NULL CHECK (generation >= 1),
  rotated_at INTEGER,
  secret_check TEXT NOT NULL,
  failures INTEGER NOT NULL CHECK (failures >= 0),
  failing_since INTEGER,
  retry_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX webhooks_user ON webhooks (user_id, id);

-- A kind of events, all kinds of a noun (contract.*), or all (*).
CREATE TABLE webhook_filters (
  webhook TEXT NOT NULL REFERENCES webhooks (id),
  pattern TEXT NOT NULL,
  PRIMARY KEY (webhook, pattern)
) STRICT;

-- One event for one webhook. due_at is when it is to be sent next, and while it is being sent, when somebody else may.
CREATE TABLE webhook_deliveries (
  webhook TEXT NOT NULL REFERENCES webhooks (id),
  event INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts INTEGER NOT NULL CHECK (attempts >= 0),
  due_at INTEGER NOT NULL,
  status INTEGER,
  error TEXT,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  PRIMARY KEY (webhook, event)
) STRICT;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook, due_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE state <> 'pending';
