package kinesis

import "github.com/lakekit/lakekit/internal/awswire"

// Channels, by which the service itself delivers an on-demand stream's records to S3 or to
// S3 Tables, are not in the lake: none can be made, and so none is there.

type createChannelInput struct{ ChannelName string }

func (s *Service) createChannel(in *createChannelInput, _ int64) (any, error) {
	return nil, awswire.Errorf("InvalidArgumentException",
		"Channel %s: the local lake has no channels; read the stream with a consumer that writes the records.", in.ChannelName)
}

type channelInput struct{ ChannelARN string }

func (s *Service) noChannel(in *channelInput, _ int64) (any, error) {
	return nil, awswire.Errorf("ResourceNotFoundException", "Channel %s under account %s not found.", in.ChannelARN, s.env.Account)
}

type listChannelsOutput struct{ ChannelSummaries []struct{} }

func (s *Service) listChannels(_ *struct{}, _ int64) (any, error) {
	return &listChannelsOutput{ChannelSummaries: []struct{}{}}, nil
}
