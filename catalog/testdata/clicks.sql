CREATE EXTERNAL TABLE web.clicks_raw (
  user_id string,
  url string,
  device string,
  event_ts timestamp,
  country string
)
PARTITIONED BY (
  dt string,
  hr string
)
STORED AS PARQUET
LOCATION 's3://lake/raw/clicks/'
TBLPROPERTIES (
  'classification' = 'parquet',
  'lakekit.derive.dt' = 'day(event_ts,UTC)',
  'lakekit.derive.hr' = 'hour(event_ts,UTC)',
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.range' = '2024-01-01,NOW',
  'projection.dt.type' = 'date',
  'projection.enabled' = 'true',
  'projection.hr.digits' = '2',
  'projection.hr.range' = '0,23',
  'projection.hr.type' = 'integer',
  'storage.location.template' = 's3://lake/raw/clicks/dt=${dt}/hr=${hr}/'
)
