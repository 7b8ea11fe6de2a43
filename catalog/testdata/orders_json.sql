CREATE EXTERNAL TABLE shop.orders_json (
  orderid string COMMENT 'the shop\'s own',
  customer bigint,
  store int,
  total decimal(12,2),
  placed timestamp,
  lines array<struct<sku:string,`order`:bigint>>,
  notes map<string,struct<lat:double,lon:double>>
)
PARTITIONED BY (
  y string,
  m string,
  country string
)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES (
  'mapping.orderid' = 'orderId'
)
STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://lake/raw/orders/'
TBLPROPERTIES (
  'classification' = 'json',
  'lakekit.derive.country' = 'identity(country)',
  'lakekit.derive.m' = 'month(placed,UTC);format=MM',
  'lakekit.derive.y' = 'year(placed,UTC)',
  'lakekit.json.lines.element.sku' = 'SKU',
  'lakekit.json.orderid' = 'orderId',
  'lakekit.required' = 'orderid',
  'projection.country.type' = 'enum',
  'projection.country.values' = 'de,fr, us',
  'projection.enabled' = 'true',
  'projection.m.digits' = '2',
  'projection.m.range' = '1,12',
  'projection.m.type' = 'integer',
  'projection.y.format' = 'yyyy',
  'projection.y.interval' = '1',
  'projection.y.interval.unit' = 'YEARS',
  'projection.y.range' = '2020,NOW',
  'projection.y.type' = 'date',
  'storage.location.template' = 's3://lake/raw/orders/${country}/${y}-${m}/'
)
