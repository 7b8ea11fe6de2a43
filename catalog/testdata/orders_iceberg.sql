CREATE TABLE shop.orders_iceberg (
  orderid string COMMENT 'the shop\'s own',
  customer bigint,
  store int,
  country string,
  total decimal(12,2),
  placed timestamp,
  lines array<struct<sku:string,`order`:bigint>>,
  notes map<string,struct<lat:double,lon:double>>
)
PARTITIONED BY (day(placed), hour(placed), bucket(16, customer), truncate(2, country), store)
LOCATION 's3://lake/raw/orders/'
TBLPROPERTIES (
  'table_type' = 'ICEBERG',
  'vacuum_min_snapshots_to_keep' = '3'
)
