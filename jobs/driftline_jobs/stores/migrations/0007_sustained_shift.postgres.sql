-- The name that the documentation gives it. Ids of alerts that it opened stay what they are.
UPDATE drift_metrics SET metric = 'sustained_shift' WHERE metric = 'lasting_shift';
UPDATE alerts SET
    metric = CASE metric WHEN 'lasting_shift' THEN 'sustained_shift' ELSE metric END,
    evidence = replace(evidence, '"lasting_shift"', '"sustained_shift"')
WHERE metric = 'lasting_shift' OR evidence LIKE '%"lasting_shift"%';
