package evidence

// CleanName and ContentType are what foreign bytes meet first.
var (
	CleanName   = baseName
	ContentType = contentType
)
