-- A plan can be cancelled as a whole; a subscription that was lost is made anew, and what was missed is searched for.

DROP INDEX plans_running;
ALTER TABLE plans DROP CONSTRAINT plans_state_check;
ALTER TABLE plans ADD CONSTRAINT plans_state_check CHECK (state IN ('searching', 'proposed', 'reserving', 'confirming', 'standing', 'partial', 'failed', 'cancelling', 'cancelled'));
CREATE INDEX plans_running ON plans (id) WHERE state IN ('searching', 'reserving', 'confirming', 'cancelling');

ALTER TABLE plan_parts DROP CONSTRAINT plan_parts_state_check;
ALTER TABLE plan_parts ADD CONSTRAINT plan_parts_state_check CHECK (state IN ('planned', 'reserving', 'reserved', 'confirming', 'standing', 'failed', 'released', 'cancelling', 'cancelled'));

-- When the subscription was last seen with the service. The search for what was missed: its transaction, when it was last
-- asked, when it was answered; none when nothing was missed.
ALTER TABLE catalog_subscriptions ADD COLUMN checked_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE catalog_subscriptions ADD COLUMN catch_up_id TEXT;
ALTER TABLE catalog_subscriptions ADD COLUMN catch_up_asked_at BIGINT;
ALTER TABLE catalog_subscriptions ADD COLUMN caught_up_at BIGINT;
CREATE INDEX catalog_subscriptions_catch_up ON catalog_subscriptions (catch_up_id);
