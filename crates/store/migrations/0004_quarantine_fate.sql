-- What a person decided about a quarantined record: NULL (nothing yet), 'replayed' or 'discarded'.
ALTER TABLE quarantined ADD COLUMN fate TEXT;
-- Where a replayed record stands on the target, if the target said it.
ALTER TABLE quarantined ADD COLUMN replayed_to INTEGER;
