-- The API token that made a webhook, or changed it last: nothing is sent once that is not good any more. None for what
-- somebody who has signed in made or changed, which is the account's.
ALTER TABLE webhooks ADD COLUMN api_token TEXT;
