package firehose

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/lakekit/lakekit/internal/jsoncol"
	"github.com/lakekit/lakekit/stream"
)

// codePartition is the code of a record that fits the table but no partition.
const codePartition = "DynamicPartitioning.MetadataExtractionFailed"

// rejected is Firehose's record of a conversion that failed, key for key.
type rejected struct {
	AttemptsMade           int     `json:"attemptsMade"`
	ArrivalTimestamp       int64   `json:"arrivalTimestamp"`
	LastErrorCode          string  `json:"lastErrorCode"`
	LastErrorMessage       string  `json:"lastErrorMessage"`
	AttemptEndingTimestamp int64   `json:"attemptEndingTimestamp"`
	RawData                string  `json:"rawData"`
	SequenceNumber         *string `json:"sequenceNumber"`
	SubSequenceNumber      *uint64 `json:"subSequenceNumber"`
	DataCatalogTable       struct {
		CatalogID    *string `json:"catalogId"`
		DatabaseName string  `json:"databaseName"`
		TableName    string  `json:"tableName"`
		Region       string  `json:"region"`
		VersionID    string  `json:"versionId"`
		CatalogARN   *string `json:"catalogArn"`
	} `json:"dataCatalogTable"`
}

// refusal gives the code and the message of a record that the parser refused, in Firehose's
// words.
func refusal(err error) (code, message string) {
	var e *jsoncol.Error
	if !errors.As(err, &e) {
		e = &jsoncol.Error{Code: jsoncol.MalformedData, Reason: err.Error()}
	}
	if e.Code == jsoncol.ParseError {
		return string(e.Code), "Encountered malformed JSON. " + e.Error()
	}
	return string(e.Code), "Data does not match the schema. " + e.Error()
}

// appendRejected appends the record's error record, a line.
func (d *Delivery) appendRejected(dst []byte, r *stream.Record, code, message string, now time.Time) []byte {
	e := rejected{
		AttemptsMade: 1, LastErrorCode: code, LastErrorMessage: message,
		AttemptEndingTimestamp: now.UnixMilli(), ArrivalTimestamp: now.UnixMilli(),
		RawData: base64.StdEncoding.EncodeToString(r.Data),
	}
	if !r.Arrived.IsZero() {
		e.ArrivalTimestamp = r.Arrived.UnixMilli()
	}
	if r.Pos.Seq != "" {
		e.SequenceNumber, e.SubSequenceNumber = &r.Pos.Seq, &r.Pos.Sub
	}
	t := &e.DataCatalogTable
	t.DatabaseName, t.TableName, t.Region, t.VersionID = d.table.Database(), d.table.Name(), d.region, "LATEST"
	line, err := json.Marshal(&e)
	if err != nil {
		// Strings and numbers always marshal; were it otherwise, the data must not be lost.
		line = []byte(`{"rawData":` + strconv.Quote(e.RawData) + `}`)
	}
	return append(append(dst, line...), '\n')
}
