-- Where a meter is, coarsely: hundredths of a degree, about a kilometer. Both or neither.
ALTER TABLE meters ADD COLUMN latitude BIGINT CHECK (latitude BETWEEN -9000 AND 9000);
ALTER TABLE meters ADD COLUMN longitude BIGINT CHECK (longitude BETWEEN -18000 AND 18000);
