-- What housekeeping and the operator's view look for, found without reading the messages that are kept for good.
-- The prune indexes hold the state too, so that counting reads nothing else; an index that began with the state
-- would draw the loops away from theirs.

DROP INDEX inbox_prune;
CREATE INDEX inbox_prune ON inbox (action, received_at, state) WHERE state IN ('done', 'failed');
CREATE INDEX outbox_prune ON outbox (action, finished_at, state)
    WHERE state IN ('delivered', 'refused', 'expired', 'dead');
CREATE INDEX outbox_answers ON outbox (answers) WHERE state IN ('queued', 'sending');
CREATE INDEX inbox_failed ON inbox (finished_at) WHERE state = 'failed';
CREATE INDEX outbox_ended_badly ON outbox (finished_at) WHERE state IN ('dead', 'expired', 'refused');
