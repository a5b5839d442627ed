-- Where the copy of a partition ends; none where the source is followed.
ALTER TABLE partitions ADD COLUMN until INTEGER;
