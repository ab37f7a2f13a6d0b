package posture

// of gives the status that counts of one attribute over its population have:
// deviation if any item fails or is waived; else insufficient evidence if any
// is error or not observed, or nothing was judged at all; else did not operate
// if the check applies to none of the items; else no known deviation.
func (c Counts) status() Status {
	switch {
	case c.Fail+c.Waived > 0:
		return Deviation
	case c.Error+c.NotObserved > 0 || c.Total() == 0:
		return Insufficient
	case c.Pass == 0:
		return DidNotOperate
	}
	return None
}

// fold gives the status of a whole from its parts: the worst of them, where a
// part that did not operate says nothing about the others. A whole without
// parts has insufficient evidence.
func fold(parts ...Status) Status {
	whole := Status("")
	for _, p := range parts {
		switch {
		case p == Deviation:
			return Deviation
		case p == Insufficient || whole == Insufficient:
			whole = Insufficient
		case p == None || whole == None:
			whole = None
		case p == DidNotOperate:
			whole = DidNotOperate
		}
	}
	if whole == "" {
		return Insufficient
	}
	return whole
}

// mended gives the counts as they would be if every deviating item passed.
func (c Counts) mended() Counts {
	c.Pass, c.Fail, c.Waived = c.Pass+c.Fail+c.Waived, 0, 0
	return c
}
