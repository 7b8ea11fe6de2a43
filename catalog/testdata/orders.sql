CREATE EXTERNAL TABLE shop.orders (
  orderid string COMMENT 'the shop\'s own',
  customer bigint,
  country string,
  total decimal(12,2),
  placed timestamp,
  lines array<struct<sku:string,`order`:bigint>>,
  notes map<string,struct<lat:double,lon:double>>
)
COMMENT 'what\'s sold\\ "here"'
PARTITIONED BY (
  day int,
  store int,
  market string,
  shard string,
  prefix string
)
STORED AS PARQUET
LOCATION 's3://lake/raw/orders/'
TBLPROPERTIES (
  'classification' = 'parquet',
  'lakekit.derive.day' = 'day(placed,Europe/Berlin);format=yyyyMMdd;type=int;late=36h',
  'lakekit.derive.market' = 'identity(country)',
  'lakekit.derive.prefix' = 'truncate(orderid,2)',
  'lakekit.derive.shard' = 'bucket(customer,16)',
  'lakekit.derive.store' = 'identity(store);type=int',
  'lakekit.json.lines.element.sku' = 'SKU',
  'lakekit.json.orderid' = 'orderId',
  'lakekit.required' = 'orderid',
  'parquet.compression' = 'SNAPPY',
  'sse_kms_key_id' = 'alias/lake'
)
