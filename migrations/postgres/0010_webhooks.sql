-- Addresses of machine users that are told of the events of their user, and what was told to them.
-- No secret stands here: it is derived from the platform's secret, the webhook and the generation.
CREATE TABLE webhooks (
  id TEXT NOT NULL PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id),
  url TEXT NOT NULL,
  description TEXT,
  state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'disabled')),
  reason TEXT,
  generation BIGINT NOT NULL CHECK (generation >= 1),
  rotated_at BIGINT,
  secret_check TEXT NOT NULL,
  failures BIGINT NOT NULL CHECK (failures >= 0),
  failing_since BIGINT,
  retry_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX webhooks_user ON webhooks (user_id, id);

-- A kind of events, all kinds of a noun (contract.*), or all (*).
CREATE TABLE webhook_filters (
  webhook TEXT NOT NULL REFERENCES webhooks (id),
  pattern TEXT NOT NULL,
  PRIMARY KEY (webhook, pattern)
);

-- One event for one webhook. due_at is when it is to be sent next, and while it is being sent, when somebody else may.
CREATE TABLE webhook_deliveries (
  webhook TEXT NOT NULL REFERENCES webhooks (id),
  event BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts BIGINT NOT NULL CHECK (attempts >= 0),
  due_at BIGINT NOT NULL,
  status BIGINT,
  error TEXT,
  created_at BIGINT NOT NULL,
  ended_at BIGINT,
  PRIMARY KEY (webhook, event)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook, due_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE state <> 'pending';
