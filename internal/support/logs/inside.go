package logs

// LogGroupExists tells whether a log group exists, to other parts of the server.
func (s *Service) LogGroupExists(region, account, name string) bool {
	_, ok, err := s.journal(key{region, account, name}).meta()
	return ok && err == nil
}
